"""What flow authors run: list, lint and schema here; the command line calls these."""
