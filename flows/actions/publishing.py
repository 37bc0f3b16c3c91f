"""An event that a plugin declares is told: its payload is checked, and what starts with it begins (A2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from flows import catalogue
from flows.actions import starting
from flows.catalogue.problems import cure_among
from flows.models import Instance
from flows.rules.errors import Invalid, Problem
from flows.work import Work


def publish(work: Work, event: str, payload: Mapping[str, Any]) -> list[Instance]:
    """Start every flow that begins with this event; those that began with it before are not started again (Q3).

    Raises Invalid when no plugin declares the event, or when the payload does not have its shape.
    """
    registry = catalogue.current()
    model = registry.event_type(event)
    if model is None:
        cure = cure_among(event, registry.names("events"), "there are")
        raise Invalid(
            f"No plugin declares the event {event}" + (f"; {cure}" if cure else ""), "/event", "unknown_event"
        )
    adapter: TypeAdapter[Any] = TypeAdapter(model)
    try:
        checked = adapter.validate_python(payload)
    except ValidationError as wrong:
        raise Invalid([_problem(error) for error in wrong.errors()]) from None
    started = starting.start_for_event(work, event, adapter.dump_python(checked, mode="json"), "", {})
    work.session.flush()
    return started


def _problem(error: Mapping[str, Any]) -> Problem:
    path = "/".join(str(part) for part in error["loc"])
    return Problem(f"/payload/{path}", str(error["type"]), f"{path.replace('/', '.')}: {error['msg']}")
