"""Whether secrets stand where others can read them."""
