"""Rules about the app as it runs."""
