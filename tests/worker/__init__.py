"""Tests of what runs later: the tick, the jobs, the supervisor, the migrations and the command line."""
