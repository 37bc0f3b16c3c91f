"""A small, complete client of the mobile API, to be ported: what a phone keeps, sends and fetches."""
