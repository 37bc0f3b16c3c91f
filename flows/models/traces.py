"""What one work changes in instances and their steps: noticed as it is written, kept with the work's last event.

So the timeline alone says how an instance was at any moment of its life (`flows.rules.past` reads it), whichever verb
changed it, without a statement more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import event, inspect
from sqlalchemy.orm import InstanceState, Session

from flows.models.instances import Instance
from flows.models.steps import Step
from flows.models.timers import Timer
from flows.rules.past import OF_INSTANCE, OF_STEP, STEPS, TIMERS

Pairs = dict[str, list[Any]]
"""[before, after] by the name of what changed."""
TRACED = (Instance, Step, Timer)
_KEY = "traces"


class Traces:
    """The rows that one work wrote so far, each with what it was before the work and what it is now."""

    def __init__(self) -> None:
        self._rows: dict[int, tuple[Instance | Step, Pairs]] = {}
        self._timers: list[Timer] = []

    def take_in(self, row: Instance | Step, pairs: Mapping[str, list[Any]]) -> None:
        """A row may be written several times: what it was before the first, and what it is after the last, counts."""
        _, known = self._rows.setdefault(id(row), (row, {}))
        for name, (before, after) in pairs.items():
            known[name] = [known[name][0] if name in known else before, after]

    def planned(self, timer: Timer) -> None:
        """A timer that is new: its row does not say when it was planned."""
        if timer not in self._timers:
            self._timers.append(timer)

    def by_instance(self) -> dict[int, dict[str, Any]]:
        """What changed of each instance by its row id: its steps by theirs, its new timers by their names."""
        found: dict[int, dict[str, Any]] = {}
        for row, pairs in self._rows.values():
            changed = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
            if not changed:
                continue
            if isinstance(row, Instance):
                found.setdefault(row.id, {}).update(changed)
            else:
                found.setdefault(row.instance_id, {}).setdefault(STEPS, {})[str(row.id)] = changed
        for timer in self._timers:
            planned = found.setdefault(timer.instance_id, {}).setdefault(TIMERS, {})
            planned[f"{timer.name}.{timer.n}"] = timer.due_at.isoformat()
        return found


def begin(session: Session) -> None:
    """A work begins: nothing has changed yet."""
    session.info[_KEY] = Traces()


def end(session: Session) -> None:
    session.info.pop(_KEY, None)


def of_work(session: Session) -> dict[int, dict[str, Any]]:
    """What the work under way has changed so far, by the row ids of instances. What is new is written to have an id."""
    if any(isinstance(row, TRACED) for row in session.new):
        session.flush()
    else:
        _notice(session)  # written with the timeline that tells of it, at once
    traces: Traces = session.info[_KEY]
    return traces.by_instance()


@event.listens_for(Session, "before_flush")
def _notice(session: Session, *_flush: object) -> None:
    traces: Traces | None = session.info.get(_KEY)
    if traces is None:
        return
    for row in (*session.new, *session.dirty, *session.deleted):
        if isinstance(row, (Instance, Step)):
            names = OF_INSTANCE if isinstance(row, Instance) else OF_STEP
            traces.take_in(row, dict(_pairs(row, names, row in session.deleted)))
        elif isinstance(row, Timer) and row in session.new:
            traces.planned(row)


def _pairs(row: Instance | Step, names: tuple[str, ...], is_gone: bool) -> Iterator[tuple[str, list[Any]]]:
    state: InstanceState[Any] = inspect(row)
    for name in names:
        if is_gone:
            yield name, [_plain(getattr(row, name)), None]
        elif name in state.committed_state and (history := state.attrs[name].history).has_changes():
            before = history.deleted[0] if history.deleted else None
            yield name, [_plain(before), _plain(history.added[0]) if history.added else None]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
