"""The reference client of the mobile API: its rules in memory, and its life against the whole product."""
