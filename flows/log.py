"""The log: one line a fact. structlog, and all that it brings to paint tracebacks, is imported with the first line."""

from __future__ import annotations

from typing import Any


class Log:
    """`log.warning("what_happened", fact=...)`, as a logger of structlog has it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, level: str) -> Any:
        import structlog  # a short command, such as a simulation, rarely says a line

        return getattr(structlog.get_logger(self._name), level)
