"""How far the words of a flow are there in its other languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from flows.catalogue import FlowDefinition, Registry
from flows.catalogue.source import Path
from flows.catalogue.translation import files_of, locale_in, words_of


class Translation(NamedTuple):
    """One language: its file, how many texts of how many it says, and the first that it lacks."""

    language: str
    file: str
    said: int
    texts: int
    lacks: tuple[str, ...]

    @property
    def percent(self) -> int:
        """Rounded down: 100 means everything."""
        return 100 * self.said // self.texts if self.texts else 100


MOST_NAMED = 20


def translations(registry: Registry, definition: FlowDefinition) -> list[Translation]:
    """Every language that the flow has a file for."""
    words = words_of(definition)
    found = []
    for language, file in files_of(registry, definition).items():
        values = locale_in(registry, file, definition.flow)
        missing = [".".join(map(str, path)) for path in words if not isinstance(_at(values, path), str)]
        said = len(words) - len(missing)
        found.append(Translation(language, file, said, len(words), tuple(missing[:MOST_NAMED])))
    return found


def _at(values: Any, path: Path) -> Any:
    for part in path:
        values = values.get(part) if isinstance(values, Mapping) else None
    return values
