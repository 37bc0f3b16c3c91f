"""Lifts that are checked: a plugin of the tests that declares an event."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel

from flows.plugin import event

requires_plugin_api = "1.0"


@event("lifts.due")
class LiftsDue(BaseModel):
    tenant: str
    building: str
    on: date
