"""The guided request of the other tests, to look back on."""

from tests.guided.conftest import move_in, parts, play

__all__ = ["move_in", "parts", "play"]
