"""Tests that kill real processes and then count what is left: nothing lost, nothing doubled."""
