"""The derived status of an instance of steps, who it waits for, and whether it is overdue: said only here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from flows.rules.errors import OutOfStep
from flows.rules.moves import WITH_ACTOR
from flows.rules.outcomes import completes_by_itself
from flows.rules.visibility import DefinitionLike
from flows.words import N_
from flows.words import gettext as _

OPEN = frozenset({"not_started", "in_progress", "awaiting_review"})
CLOSED = frozenset({"completed", "cancelled", "expired"})
IN_WORDS = {
    "not_started": N_("not started"), "in_progress": N_("in progress"), "awaiting_review": N_("awaiting review"),
    "completed": N_("completed"), "cancelled": N_("cancelled"), "expired": N_("expired"),
}  # fmt: skip
_UNTOUCHED = frozenset({"locked", "open", "skipped"})


def status_of(states: Mapping[str, str], closed: str | None = None) -> str:
    """The status from the states of the steps; `closed` is how the instance ended, None while it runs (C17 to C21).

    All steps done is not completed: that takes an outcome (C20).
    """
    if closed is not None:
        if closed not in CLOSED:
            raise ValueError(f"an instance ends as one of {', '.join(sorted(CLOSED))}, not {closed!r}")
        return closed
    if "pending_approval" in states.values():
        return "awaiting_review"
    return "not_started" if _UNTOUCHED.issuperset(states.values()) else "in_progress"


def waiting_on(
    definition: DefinitionLike, states: Mapping[str, str], status: str, on_its_way: Collection[str] = ()
) -> str | None:
    """Who holds the baton: customer, staff or system; None when the instance has ended.

    A review comes first, because the customer's clock must not run meanwhile; then the customer's open steps, then
    staff's. `on_its_way` names the steps whose money is on its way: there the system waits. With nothing left to do
    somebody closes it: the system where the flow ends by itself, else staff.
    """
    if status not in OPEN:
        return None
    if "pending_approval" in states.values():
        return "staff"
    actors = {
        "system" if name in on_its_way else step.actor
        for name, step in definition.steps.items()
        if states.get(name) in WITH_ACTOR
    }
    free = next((party for party in ("customer", "staff", "system") if party in actors), None)
    return free or ("system" if completes_by_itself(definition) else "staff")


def is_overdue(status: str, due_at: datetime | None, now: datetime) -> bool:
    """Past its deadline and still running: computed, never stored (C22, Q20)."""
    return status in OPEN and due_at is not None and now > due_at


def is_past(expires_at: datetime | None, now: datetime) -> bool:
    """An expiry holds as a predicate, whether or not its timer has fired (Q30)."""
    return expires_at is not None and now >= expires_at


class Running(Protocol):
    """An instance, as far as the question goes whether it runs."""

    @property
    def reference(self) -> str: ...
    def is_running(self, now: datetime) -> bool: ...


def check_running(instance: Running, now: datetime) -> None:
    """OutOfStep once it has ended, or is past its end."""
    if not instance.is_running(now):
        raise OutOfStep(_("%(reference)s has ended already", reference=instance.reference), "instance-closed")


def time_held(
    waited: Mapping[str, int], waiting_on: str | None, waiting_since: datetime | None, now: datetime
) -> dict[str, timedelta]:
    """How long each party has held the baton, the one that holds it now up to `now` (X4). `waited` is in seconds."""
    held = {party: timedelta(seconds=seconds) for party, seconds in waited.items()}
    if waiting_on is not None and waiting_since is not None:
        held[waiting_on] = held.get(waiting_on, timedelta()) + max(now - waiting_since, timedelta())
    return held
