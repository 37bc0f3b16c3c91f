"""The strict reader: a file becomes a typed flow, or problems that stand where the mistake stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from pydantic import ValidationError

from flows.catalogue.mistakes import problems_of
from flows.catalogue.problems import FlowProblem
from flows.catalogue.schema import FlowDefinition
from flows.catalogue.source import Place, Source, Unreadable, read_source

__all__ = ["FlowProblem", "Reading", "Source", "read_flow"]


@dataclass(frozen=True)
class Reading:
    """What came of reading one file: the flow when it could be typed, all problems, and the places for lint."""

    definition: FlowDefinition | None
    problems: list[FlowProblem] = field(default_factory=list)
    source: Source = field(default_factory=lambda: Source(""))


@lru_cache(maxsize=256)
def read_flow(text: bytes | str, name: str) -> Reading:
    """Read one flow file; `name` is how the file is called in problems. Never raises (X35).

    Kept: the strict reader takes tens of milliseconds, and every reload of the catalogue reads mostly what it read.
    """
    try:
        values, source = read_source(text, name)
    except Unreadable as refusal:
        return Reading(None, [refusal.problem])
    if not isinstance(values, dict):
        message = "the file is empty" if values is None else "a flow file is a map that begins with `flow:`"
        return Reading(None, [source.problem("F106", message, Place(1, 1))], source)
    try:
        return Reading(FlowDefinition.model_validate(values), [], source)
    except ValidationError as wrong:
        return Reading(None, problems_of(wrong, values, source), source)
