"""Pure decisions: no database, no clock of their own, tested in milliseconds."""
