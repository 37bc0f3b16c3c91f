"""Who works on an instance: taken, given to a colleague with a note, taken from somebody (C29 to C32)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import g
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from admin.asking import Field, Question, ask, seen_version
from admin.guard import StaffView
from admin.instance_page import news_of
from flows import access
from flows.actions import assigning
from flows.clock import clock
from flows.models import Instance
from flows.queries.colleagues import Colleague, colleagues
from flows.rules.words import date_in_words
from flows.words import gettext as _
from flows.work import Work

NOTE = Field(
    "note", _l("Note"), "textarea", hint=_l("Between staff; it stands in the assignment history"), optional=True
)


def assign(view: StaffView, ref: str) -> Response:
    """*Assign* or *Reassign*: colleagues with how much each carries, and who stands in for those who are away."""
    instance = access.instance_to_read(g.actor, ref)
    given, reference = instance.assignee is not None, instance.reference
    question = _question(
        view,
        instance,
        _("Reassign %(reference)s", reference=reference) if given else _("Assign %(reference)s", reference=reference),
        _("Reassign") if given else _("Assign"),
        done=_("It is assigned."),
        facts=((_("Assigned to"), instance.assignee.name if instance.assignee else _("Unassigned")),),
        fields=(Field("assignee", _("Colleague"), "select", options=colleague_options()), NOTE),
    )

    def act(work: Work, typed: Mapping[str, Any]) -> None:
        locked = access.instance_to_change(work, ref)
        user = access.colleague_named(work, typed["assignee"], "/assignee")
        assigning.assign(work, locked, user, typed["note"], version=seen_version(typed))

    return ask(view, question, act)


def take(view: StaffView, ref: str) -> Response:
    """*Assign to me*: the button sends it at once; opened as a page it asks."""
    instance = access.instance_to_read(g.actor, ref)
    question = _question(
        view,
        instance,
        _("Assign %(reference)s to me?", reference=instance.reference),
        _("Assign to me"),
        done=_("It is yours."),
        facts=((_("Assigned to"), instance.assignee.name if instance.assignee else _("Unassigned")),),
    )
    return ask(view, question, lambda work, _typed: assigning.take(work, access.instance_to_change(work, ref)))


def unassign(view: StaffView, ref: str) -> Response:
    instance = access.instance_to_read(g.actor, ref)
    question = _question(
        view,
        instance,
        _(
            "Take %(reference)s from %(name)s?",
            reference=instance.reference,
            name=instance.assignee.name if instance.assignee else _("nobody"),
        ),
        _("Unassign"),
        done=_("Nobody works on it now."),
        text=_("It stays open and is in the list of what is unassigned."),
        fields=(NOTE,),
    )

    def act(work: Work, typed: Mapping[str, Any]) -> None:
        locked = access.instance_to_change(work, ref)
        assigning.assign(work, locked, None, typed["note"], version=seen_version(typed))

    return ask(view, question, act)


def colleague_options(with_me: bool = True) -> dict[str, str]:
    """For a select: who can be given work, with what helps to choose."""
    found = colleagues(g.actor, clock.now())
    return {one.user.uid: _words(one) for one in found if with_me or one.user.id != g.actor.user_id}


def _words(one: Colleague) -> str:
    name = _("%(name)s (you)", name=one.user.name) if one.user.id == g.actor.user_id else one.user.name
    if one.away is None:
        return _("%(name)s, %(many)s open", name=name, many=one.open)
    return _(
        "%(name)s, %(many)s open, away until %(day)s: %(delegate)s stands in",
        name=name,
        many=one.open,
        day=date_in_words(one.away.ends_on, year=False),
        delegate=one.away.delegate.name,
    )


def _question(view: StaffView, instance: Instance, title: str, button: str, **more: Any) -> Question:
    reference = instance.reference
    return Question(
        title,
        f"{view.path()}/{reference}",
        button,
        seen=str(instance.version),
        seq=instance.event_seq,
        news=lambda seq: news_of(reference, seq),
        **more,
    )
