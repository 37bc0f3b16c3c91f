"""How far an instance is: completed of the visible steps (C8, Q19)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from flows.rules.visibility import DefinitionLike, visibility


class Progress(NamedTuple):
    """`percent` is whole and 100 only when everything visible is done and nothing may still appear."""

    done: int
    total: int
    may_grow: bool
    percent: int


def progress(
    states: Mapping[str, str], *, definition: DefinitionLike | None = None, scope: Mapping[str, Any] | None = None
) -> Progress:
    """Counts the visible steps by their states. With the definition, steps not yet decided are hidden for now (X2)."""
    undecided = visibility(definition, states, scope or {}).undecided if definition is not None else frozenset()
    visible = [state for name, state in states.items() if state != "skipped" and name not in undecided]
    done, total = visible.count("completed"), len(visible)
    percent = done * 100 // total if total else 100
    return Progress(done, total, bool(undecided), min(percent, 99) if undecided else percent)
