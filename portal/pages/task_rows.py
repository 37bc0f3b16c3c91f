"""Tasks as rows of a customer's lists: for whom, how far, until when, and what is most pressing about each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import g

from flows.access import read_as
from flows.actions import versions
from flows.models import Instance, Order
from flows.queries import allowed, family, grid, turns
from flows.queries import standing as asking
from flows.queries.turns import Marks
from flows.rules.actors import Actor
from flows.words import gettext as _
from portal.pages.navigation import my_standing
from portal.pages.showing import due_tag, end_of
from portal.wording import day_of, in_its_language, joined, title_of


def list_rows(actor: Actor, instances: Sequence[Instance], now: datetime) -> list[dict[str, Any]]:
    """Rows of `ui.task_list`, with what is asked of the database asked once for all of them."""
    orders, marks = asking.orders_of(actor, instances), turns.marks(actor, instances)
    parents = family.parents_of(actor, instances)
    rows = [_row(actor, one, orders.get(one.subject or ""), marks.get(one.id, Marks()), now) for one in instances]
    for row in (row for row in rows if row["instance"].parent_id in parents):
        row["hint"] += " · " + _("part of %(ref)s", ref=parents[row["instance"].parent_id].reference)
    return rows


def _row(actor: Actor, instance: Instance, order: Order | None, marks: Marks, now: datetime) -> dict[str, Any]:
    tag = due_tag(instance, now, bool(marks.handed_back))
    return {
        "instance": instance,
        "order": order,
        "title": _title(instance),
        "url": f"/tasks/{instance.reference}",
        "hint": joined(" · ", _facts(actor, instance, order, marks, now)),
        "tag": tag.words,
        "tone": tag.tone,
        "changes": handed_back_titles(actor, instance, marks),
    }


def handed_back_titles(actor: Actor, instance: Instance, marks: Marks) -> list[str]:
    """The titles of the steps that we asked to be changed."""
    if not marks.handed_back:
        return []
    steps = versions.in_lists(read_as(actor), instance).steps
    return [in_its_language(steps[name].title) for name in marks.handed_back if name in steps]


def rating_link(actor: Actor, instance: Instance, now: datetime) -> str:
    """Where to say how it was; empty when nobody asks, or it was said already."""
    if instance.rated_at is not None or instance.status != "completed":
        return ""
    verbs = allowed.of_instance(actor, instance, versions.in_lists(read_as(actor), instance), now)
    return f"/tasks/{instance.reference}/outcome#rating" if "rate" in verbs else ""


def _title(instance: Instance) -> str:
    """Companies have many tasks of one name: there it says for whom."""
    if not my_standing(g.actor).for_company:
        return title_of(instance)
    title = in_its_language(title_of(instance))
    return _("%(task)s for %(customer)s", task=title, customer=instance.customer_name)


def _facts(actor: Actor, instance: Instance, order: Order | None, marks: Marks, now: datetime) -> list[str]:
    facts = [_("Order %(ref)s", ref=order.reference) if order is not None else instance.reference]
    if changes := handed_back_titles(actor, instance, marks):
        facts.append(_("We asked for changes to “%(step)s”", step=joined(", ", changes)))
    if marks.sent_at is not None:
        facts.append(_("sent %(day)s", day=_day(marks.sent_at)))
    if instance.is_open and instance.steps_total > 1:
        facts.append(_("%(done)s of %(total)s steps completed", done=instance.steps_done, total=instance.steps_total))
    if grid.needs_action(instance, now):
        if (end := end_of(instance)) is not None:
            words = _("due %(day)s", day=_day(end)) if end > now else _("was due %(day)s", day=_day(end))
            facts.append(words)
    elif instance.closed_at is not None:
        facts.append(_day(instance.closed_at))
    return facts


def _day(moment: datetime) -> str:
    return day_of(moment, ZoneInfo(g.actor.time_zone))
