"""The moments of one instance moved by staff: its end, its due date, a reminder that goes out now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import g
from werkzeug.wrappers import Response

from admin.asking import Field, Question, ask
from admin.guard import StaffView
from admin.showing import title_of
from flows import access
from flows.actions import closing, firing
from flows.rules.errors import Invalid
from flows.words import gettext as _
from flows.work import Work


def extend(view: StaffView, ref: str) -> Response:
    """Give the customer more time (2.2.1: deadlines of the real world can be moved by staff)."""
    instance = access.instance_to_read(g.actor, ref)
    zone = ZoneInfo(instance.time_zone)
    question = Question(
        _("Give more time for %(reference)s", reference=instance.reference),
        f"{view.path()}/{instance.reference}",
        _("Move the end"),
        done=_("The end was moved."),
        text=_(
            "%(title)s for %(customer)s. Reminders that are planned stay where they are.",
            title=title_of(instance),
            customer=instance.customer_name,
        ),
        fields=(
            moment_field("expires_at", _("New end"), instance.expires_at, zone),
            Field("reason", _("Reason"), hint=_("Stands in the history, where the customer reads it")),
        ),
    )

    def act(work: Work, typed: Mapping[str, Any]) -> None:
        moment = moment_typed(typed["expires_at"], zone, "/expires_at")
        closing.extend(work, access.instance_to_change(work, ref), moment, typed["reason"])

    return ask(view, question, act)


def change_due(view: StaffView, ref: str) -> Response:
    """Another due date, or none; what is overdue is computed from it (C9, C22)."""
    instance = access.instance_to_read(g.actor, ref)
    zone = ZoneInfo(instance.time_zone)
    due = moment_field("due_at", _("Due"), instance.due_at, zone, _("Leave it empty for no due date."))
    question = Question(
        _("Change the due date of %(reference)s", reference=instance.reference),
        f"{view.path()}/{instance.reference}",
        _("Change the due date"),
        done=_("The due date was changed."),
        text=_(
            "%(title)s for %(customer)s. Reminders that count from the due date move with it.",
            title=title_of(instance),
            customer=instance.customer_name,
        ),
        fields=(
            due,
            Field("reason", _("Reason"), optional=True, hint=_("Stands in the history, where the customer reads it")),
        ),
    )

    def act(work: Work, typed: Mapping[str, Any]) -> None:
        moment = moment_typed(typed["due_at"], zone, "/due_at") if typed["due_at"].strip() else None
        closing.change_due(work, access.instance_to_change(work, ref), moment, typed["reason"])

    return ask(view, question, act)


def remind(view: StaffView, ref: str) -> Response:
    instance = access.instance_to_read(g.actor, ref)
    question = Question(
        _("Send a reminder for %(reference)s now?", reference=instance.reference),
        f"{view.path()}/{instance.reference}",
        _("Send the reminder"),
        done=_("The reminder is on its way."),
        text=_("The reminder of “%(title)s” goes out at once; the planned ones stay.", title=title_of(instance)),
        facts=((_("Customer"), instance.customer_name),),
    )
    return ask(view, question, lambda work, _typed: firing.remind_now(work, access.instance_to_change(work, ref)))


def moment_field(name: str, label: str, moment: datetime | None, zone: ZoneInfo, hint: str = "") -> Field:
    """A day and a time on the clocks of a zone."""
    clocks = _("Time in %(zone)s.", zone=zone.key)
    value = f"{moment.astimezone(zone):%Y-%m-%dT%H:%M}" if moment else ""
    return Field(
        name,
        label,
        "datetime-local",
        value,
        f"{clocks} {hint}".strip(),
        width="w-m",
    )


def moment_typed(typed: str, zone: ZoneInfo, pointer: str) -> datetime:
    """What was typed into such a field, in UTC; Invalid for what is no moment."""
    try:
        return datetime.fromisoformat(typed.strip()).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(_("Enter a day and a time, like 2026-11-30T23:59"), pointer, "datetime") from None
