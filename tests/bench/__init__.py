"""Measurements, run by hand (`python -m tests.bench.lists`), never as tests."""
