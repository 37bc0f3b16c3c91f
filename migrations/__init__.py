"""Alembic: how the tables came to be, one file a release. `baton db upgrade` runs it; there is no ini file."""
