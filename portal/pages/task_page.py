"""The page of a task: what we need changed, whose steps are where, what happens next, reminders, history (P4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flows.access import parent_of, read_as
from flows.actions import paying, versions
from flows.actions.scope import roots, scope_of
from flows.catalogue import FlowDefinition
from flows.models import Instance, Step, User
from flows.queries import allowed, grid, lookups, payments, timeline
from flows.queries import standing as asking
from flows.queries.files import Sent, of_entry
from flows.queries.timeline import Entry
from flows.rules import answers, moves
from flows.rules.actors import SYSTEM, Actor
from flows.rules.visibility import visibility
from flows.rules.words import money_in_words
from flows.words import gettext as _
from portal.pages import what_next
from portal.pages.family import below
from portal.pages.showing import Tag, cancels_its_order, end_of, overdue_tag, task_tag
from portal.pages.step_above import changes_asked
from portal.pages.step_form import takes_answers
from portal.wording import day_of, in_its_language, joined

SENT = ("step_submitted", "payment_received")
"""What is told of a step that completes in the same moment."""
BAD_KINDS = ("instance_expired", "instance_cancelled", "order_cancelled", "order_failed")


def words(actor: Actor, instance: Instance, now: datetime) -> dict[str, Any]:
    """Everything the template shows, in a constant number of statements."""
    definition = versions.spoken_of(read_as(actor), instance)
    steps = shown_steps(actor, instance, definition, now)
    entries = timeline.of_instance(actor, instance)
    verbs = allowed.of_instance(actor, instance, definition, now)
    waiting = [step for step in steps if takes_answers(instance, step, now)]
    asked = [changes_asked(instance, definition.steps[step.name], step) for step in waiting]
    changes = [one for one in asked if one is not None]
    page = _Page(actor, instance, definition, now, steps, _added_at(entries))
    to_do = [step for step in waiting if not page.is_on_its_way(step)]
    return {
        "instance": instance,
        "definition": definition,
        "tag": _status(instance, definition, bool(changes), now),
        "late": overdue_tag(instance, now),
        "end": end_of(instance),
        "end_is_past": instance.is_past_expiry(now),
        "order": asking.orders_of(actor, [instance]).get(instance.subject or ""),
        "cancels": cancels_its_order(definition),
        "may_complete": "complete_task" in verbs,
        "may_cancel": "cancel" in verbs,
        "may_rate": "rate" in verbs and instance.rated_at is None,
        "changes": changes,
        "asked": (told := lookups.asked_at_start(actor, instance, definition, now)),
        "has_files": any(row["files"] for row in told),
        "opening": _opening(actor, instance, entries),
        "go_on": _go_on(instance, definition, to_do) if not changes and definition.steps else None,
        "yours": page.rows([step for step in steps if step.actor == "customer"], numbered=True),
        "ours": page.rows([step for step in steps if step.actor != "customer"]),
        "children": below(actor, instance, definition, now),
        "parent": parent_of(actor, instance),
        "next": what_next.sentences(instance, definition, steps, now),
        "reminders": asking.reminders_to_come(actor, instance, now) if grid.needs_action(instance, now) else (),
        "history": history_rows(entries),
    }


def shown_steps(actor: Actor, instance: Instance, definition: FlowDefinition, now: datetime) -> list[Step]:
    """The steps that people see: without those that are not needed, or not known to be needed yet (X2)."""
    steps = [step for step in instance.steps if step.state != "skipped"]
    if not any(rule.when for rule in definition.steps.values()):
        return steps
    wanted = roots(moves.names_in_conditions(definition))
    scope = scope_of(read_as(actor), instance, definition, now, wanted=wanted)
    undecided = visibility(definition, {step.name: step.state for step in instance.steps}, scope).undecided
    return [step for step in steps if step.name not in undecided]


def _status(instance: Instance, definition: FlowDefinition, handed_back: bool, now: datetime) -> Tag:
    """How it stands; a flow may have its own words for what is still to do."""
    tag = task_tag(instance, now, handed_back)
    labels: Mapping[Any, str] = definition.status_labels
    own = labels.get(instance.status)
    return Tag(own, tag.tone) if own and grid.needs_action(instance, now) and tag.tone != "bad" else tag


def _go_on(instance: Instance, definition: FlowDefinition, waiting: Sequence[Step]) -> dict[str, Any] | None:
    """The button for the first step that waits for the customer.

    A flow of one short step is done in the dialog "Task completion" (A24); a longer way has pages.
    """
    if not waiting:
        return None
    rule = definition.steps[waiting[0].name]
    alone = len(definition.steps) == 1
    begun = waiting[0].draft is not None or instance.status != "not_started"
    title = in_its_language(rule.title)
    words = _("Go on with “%(step)s”", step=title) if begun else _("Begin with “%(step)s”", step=title)
    return {
        "words": _("Complete task") if alone else words,
        "url": f"/tasks/{instance.reference}/complete",
        "dialog": is_in_dialog(definition),
    }


def is_in_dialog(definition: FlowDefinition) -> bool:
    """Whether its form fits the dialog: one step on one page, without files (phones need room for those)."""
    rules = definition.steps.values()
    return len(rules) == 1 and not any(rule.pages or answers.asks_for_files(rule.fields) for rule in rules)


def _opening(actor: Actor, instance: Instance, entries: Sequence[Entry]) -> dict[str, str] | None:
    """What staff wrote when they started it, or when they invited: then an accepted invitation started it."""
    said = next((one for one in entries if one.kind == "instance_started" and one.facts.get("message")), None)
    if said is None:
        return None
    inviter = read_as(actor).get(User, instance.creator_id) if instance.source == "onboarding" else None
    return {"who": inviter.name if inviter is not None else said.who, "text": said.facts["message"]}


def _added_at(entries: Sequence[Entry]) -> dict[str, datetime]:
    """When a step was added to this one instance, by its name (C39)."""
    return {one.step: one.at for one in entries if one.kind == "step_added"}


def history_rows(entries: list[Entry], files: Sequence[Sent] = ()) -> list[dict[str, Any]]:
    """A timeline for `ui.timeline`, comments with their files; what it says is over, so none is still to come.

    Who did it is said of people alone, and a step that was sent and so completed is one line.
    """
    states, sent = dict.fromkeys(BAD_KINDS, "bad"), {entry.at for entry in entries if entry.kind in SENT}
    return [
        {
            "title": entry.sentence,
            "at": entry.at,
            "text": entry.who if entry.who != SYSTEM.name else "",
            "state": states.get(entry.kind, "done"),
            "files": of_entry(entry, files),
        }
        for entry in entries
        if entry.kind != "step_completed" or entry.at not in sent
    ]


class _Page:
    """What every row of a step needs to know about its task."""

    def __init__(
        self,
        actor: Actor,
        instance: Instance,
        definition: FlowDefinition,
        now: datetime,
        steps: Sequence[Step],
        added: Mapping[str, datetime],
    ) -> None:
        self.instance, self.definition, self.now, self.added = instance, definition, now, added
        self.zone = ZoneInfo(actor.time_zone)
        paid_for = [step for step in steps if definition.steps[step.name].payment]
        self.payments = payments.of_many(actor, paid_for)
        self.prices = {step.name: _price(actor, instance, definition, step, now) for step in paid_for}

    def rows(self, steps: Sequence[Step], numbered: bool = False) -> list[dict[str, Any]]:
        """Numbered where there is more than one to do."""
        numbered = numbered and len(steps) > 1
        return [{**self.row(step), "n": n if numbered else None} for n, step in enumerate(steps, 1)]

    def row(self, step: Step) -> dict[str, Any]:
        is_open = takes_answers(self.instance, step, self.now)
        reachable = step.actor == "customer" and (step.attempt > 0 or is_open)
        is_paid = step.name in self.prices
        tag = Tag(_("Payment on its way"), "info") if self.is_on_its_way(step) else _tag(self.instance, step, self.now)
        return {
            "title": self.definition.steps[step.name].title,
            "url": f"/tasks/{self.instance.reference}/steps/{step.name}" if reachable else None,
            "dialog": is_open and not is_paid and is_in_dialog(self.definition),
            "hint": self.hint(step, is_open),
            "tag": tag.words,
            "tone": tag.tone,
        }

    def is_on_its_way(self, step: Step) -> bool:
        """Whether the customer has paid, and their bank takes its time."""
        return any(one.state == "processing" for one in self.payments.get(step.id, ()))

    def hint(self, step: Step, is_open: bool) -> str:
        """What it costs, what it waits for or until when it is due; who added it, when the flow did not."""
        needs = self.definition.steps[step.name].needs
        facts = [price] if (price := self.prices.get(step.name)) else []
        if step.state == "locked" and needs and self.instance.is_open:
            titles = joined(", ", [in_its_language(self.definition.steps[name].title) for name in needs])
            facts.append(_("After: %(steps)s", steps=titles))
        if is_open and step.due_at is not None:
            words = _("Due %(day)s") if step.due_at > self.now else _("Was due %(day)s")
            facts.append(words % {"day": self.day(step.due_at)})
        if step.state == "pending_approval" and step.submitted_at is not None:
            facts.append(_("Sent %(day)s", day=self.day(step.submitted_at)))
        if step.name in self.added:
            facts.append(_("Added by us on %(day)s", day=self.day(self.added[step.name])))
        return joined(" · ", facts)

    def day(self, moment: datetime) -> str:
        return day_of(moment, self.zone)


def _price(actor: Actor, instance: Instance, definition: FlowDefinition, step: Step, now: datetime) -> str:
    minor = paying.price_of(read_as(actor), instance, definition, step, now).minor
    return money_in_words(minor, paying.rule_of(definition, step).currency) if minor else ""


def _tag(instance: Instance, step: Step, now: datetime) -> Tag:
    """A step's state in the words for customers (SCREENS.md section 2)."""
    match step.state:
        case "completed":
            return Tag(_("Completed"), "plain")
        case _ if not instance.is_open:
            return Tag(_("Not done"), "plain")
        case "locked":
            return Tag(_("Cannot start yet"), "plain")
        case "pending_approval":
            return Tag(_("Being reviewed"))
        case "returned" | "reopened":
            return Tag(_("Changes needed"), "bad") if step.actor == "customer" else Tag(_("With us"))
        case _ if step.actor != "customer":
            return Tag(_("With us"))
        case _ if step.due_at is not None and step.due_at < now:
            return Tag(_("Overdue"), "bad")
        case _ if step.draft is not None:
            return Tag(_("In progress"), "info")
    return Tag(_("Not started"), "info")
