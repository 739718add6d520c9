"""The nouns of the checker: values that every layer may hold and none may change."""
