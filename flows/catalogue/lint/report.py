"""Where lint writes what it finds: one problem per place and code, placed in the file."""

from __future__ import annotations

from flows.catalogue.problems import FlowProblem, Severity
from flows.catalogue.source import Path, Source


class Report:
    """Collects problems of one flow."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.found: dict[tuple[str, int, int, str], FlowProblem] = {}

    def at_value(
        self, code: str, path: Path, message: str, cure: str = "", severity: Severity = "error", offset: int = 0
    ) -> None:
        """A problem with a value, or with the `offset`-th character of a text."""
        place = self.source.inside(path, offset) if offset else self.source.value(path)
        self.take(self.source.problem(code, message, place, cure, severity))

    def at_key(self, code: str, path: Path, message: str, cure: str = "", severity: Severity = "error") -> None:
        """A problem with a key, or with everything below it."""
        self.take(self.source.problem(code, message, self.source.key(path), cure, severity))

    def take(self, problem: FlowProblem) -> None:
        self.found.setdefault((problem.file, problem.line, problem.column, problem.code), problem)

    def in_order(self) -> list[FlowProblem]:
        return sorted(self.found.values(), key=lambda problem: (problem.file, problem.line, problem.column))
