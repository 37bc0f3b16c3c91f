"""What flow authors run: list, lint, schema and reference here; the command line calls these."""
