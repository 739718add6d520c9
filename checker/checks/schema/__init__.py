"""Rules on the schema that the migrations lead to."""
