"""Coro: an order with a Coro product asks for a company, a domain and an admin before it is finalised (A1 to A34)."""
