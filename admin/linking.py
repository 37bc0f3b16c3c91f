"""Link an instance to something outside, and take the link away again: pages that any view of instances can show (C41).

A view gives its own address: the pages are `<view>/<ref>/link/<name>` and `<view>/<ref>/unlink/<name>`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import g, request
from werkzeug.wrappers import Response

from admin.asking import Field, Question, ask, go_on, once
from admin.guard import StaffView
from admin.showing import moment_of, show
from flows import access
from flows.access import clean, read_as
from flows.actions import linking, versions
from flows.catalogue import FlowDefinition
from flows.clock import clock
from flows.models import Instance
from flows.queries import lookups
from flows.rules.answers import Unavailable
from flows.rules.errors import Invalid, OutOfStep, Refused
from flows.words import gettext as _
from flows.work import unit_of_work


@dataclass(frozen=True)
class LinkRow:
    """One link that the flow of an instance declares: what it leads to now, and whether the reader may change it.

    `label` is what the button says, `title` what the thing is.
    """

    name: str
    title: str
    label: str
    to: str
    detail: str
    since: datetime | None
    may_change: bool

    @property
    def condition(self) -> str:
        """How a step says `done_when` it waits for nothing but this link."""
        return f"has(links.{self.name})"


def rows(instance: Instance, definition: FlowDefinition, now: datetime) -> list[LinkRow]:
    """For the page of an instance; `back/links.html` shows them. Asks no lookup and no database."""
    open_now = instance.is_running(now)
    found = []
    for name, link in definition.links.items():
        about = instance.links.get(name, {})
        may_change = open_now and lookups.may_link(g.actor, instance, link)
        since, title = moment_of(about.get("at", "")), name.replace("_", " ").capitalize()
        found.append(
            LinkRow(name, title, link.label, about.get("label", ""), about.get("detail", ""), since, may_change)
        )
    return found


def link(view: StaffView, ref: str, name: str) -> Response:
    """GET and the search show what there is to link to, beside what the instance says; POST with `value` links."""
    instance, definition = _read(ref, name)
    if request.method != "POST" or "value" not in request.form:
        return _page(view, instance, definition, name)
    try:
        with unit_of_work(g.actor) as work:
            changed = access.instance_to_change(work, ref)
            then = once(work, lambda: _link(view, work, changed, name))
    except (Invalid, OutOfStep) as error:
        instance, definition = _read(ref, name)
        words = "; ".join(error.by_field().values()) if isinstance(error, Invalid) else error.detail
        return _page(view, instance, definition, name, {"": words}, error.status)
    return go_on(then, _("Linked."))


def unlink(view: StaffView, ref: str, name: str) -> Response:
    instance, definition = _read(ref, name)
    about = instance.links.get(name)
    if about is None:
        raise OutOfStep(
            _(
                "%(reference)s has no such link any more: %(label)s",
                reference=instance.reference,
                label=definition.links[name].label,
            )
        )
    question = Question(
        _("Unlink %(thing)s from %(reference)s?", thing=about["label"], reference=instance.reference),
        _back(view, instance),
        _("Unlink"),
        tone="bad",
        done=_("The link is gone."),
        text=_("Steps that the link completed stay completed and are marked “check again”."),
        facts=((_("Linked to"), f"{about['label']}, {about['detail']}".removesuffix(", ")),),
        fields=(Field("reason", _("Reason"), hint=_("Stands in the history, where the customer reads it")),),
    )
    return ask(
        view,
        question,
        lambda work, typed: linking.unlink(work, access.instance_to_change(work, ref), name, typed["reason"]),
    )


def _link(view: StaffView, work: Any, instance: Instance, name: str) -> str:
    linking.link(work, instance, name, clean(request.form["value"]))
    return _back(view, instance)


def _read(ref: str, name: str) -> tuple[Instance, FlowDefinition]:
    instance = access.instance_to_read(g.actor, ref)
    definition = versions.spoken_of(read_as(g.actor), instance)
    if name not in definition.links:
        raise Refused(_("No such link"))
    if not lookups.may_link(g.actor, instance, definition.links[name]):
        raise Refused(_("%(label)s is for others", label=definition.links[name].label), known=True)
    return instance, definition


def _page(
    view: StaffView,
    instance: Instance,
    definition: FlowDefinition,
    name: str,
    problems: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    """What somebody searched for; before that, what fits the name of the customer."""
    asked = request.values.get("q")
    query = clean(asked if asked is not None else instance.customer_name)
    try:
        found, away = lookups.found_for_link(g.actor, instance, definition, name, query, clock.now()), False
    except Unavailable:
        found, away = lookups.NOTHING, True
    return show(
        view,
        "link.html",
        status,
        task=instance,
        rule=definition.links[name],
        now_linked=instance.links.get(name),
        query=query,
        searched=asked is not None,
        found=found,
        away=away,
        problems=problems or {},
        action=f"{_back(view, instance)}/link/{name}",
        back=_back(view, instance),
    )


def _back(view: StaffView, instance: Instance) -> str:
    return f"{view.path()}/{instance.reference}"
