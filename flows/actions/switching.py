"""Administrators switch flows on and off: for everybody, for staff, for customers; running instances go on (C24).

What an event starts goes on starting: an order that needs its details must not slip through without them. Such a flow
ends in its file (`archived`), or its product is taken off sale.
"""

from __future__ import annotations

from sqlalchemy import select

from flows import access, catalogue
from flows.catalogue import LoadedFlow, ways
from flows.catalogue.ways import Way
from flows.models import FlowSwitch
from flows.rules.errors import OutOfStep, Refused
from flows.words import gettext as _
from flows.work import Work

WAYS: tuple[Way, ...] = ("staff", "customer", "onboarding")
SWITCHES = {"active": "is_active", "assignable": "is_assignable", "requestable": "is_requestable"}


def switch(work: Work, flow: str, name: str, on: bool) -> None:
    """Turn one switch of a loaded flow (needs `flows`): active, assignable (by staff, with invitations), requestable.

    Raises Refused for a flow or switch that there is not, OutOfStep where the flow's file does not offer the way.
    """
    access.require(work.actor, "flows")
    loaded = catalogue.current().flows.get(flow)
    if loaded is None or name not in SWITCHES:
        raise Refused(_("No such flow") if loaded is None else _("No such switch"))
    if not has_switch(loaded, name):
        raise OutOfStep(
            _(
                "%(title)s cannot be made %(name)s: its file does not say so under `start`",
                title=loaded.definition.title,
                name=name,
            )
        )
    row = access.locked(work, select(FlowSwitch).where(FlowSwitch.flow == flow).with_for_update())
    if row is None:
        row = FlowSwitch(flow=flow, is_active=True, is_assignable=True, is_requestable=True)
        work.session.add(row)
    before = getattr(row, SWITCHES[name])
    setattr(row, SWITCHES[name], on)
    if before != on:
        work.audit("flow_switched", flow, **{name: [before, on]})


def has_switch(loaded: LoadedFlow, name: str) -> bool:
    """Whether there is something to switch: a flow that staff cannot start is not made assignable."""
    if name == "active":
        return any(ways.is_offered(loaded, way) for way in WAYS)
    if name == "requestable":
        return ways.is_offered(loaded, "customer")
    return ways.is_offered(loaded, "staff") or ways.is_offered(loaded, "onboarding")
