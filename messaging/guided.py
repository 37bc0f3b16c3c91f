"""What people hear about guided requests: one function a moment, and the flow's own words come first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from flows import events
from flows.actions import versions
from flows.actions.owing import recipients
from flows.catalogue import FlowDefinition
from flows.catalogue.schema import EmailEffect, NotifyEffect
from flows.models import Instance, Step, User
from flows.rules import ratings
from flows.rules.moves import WITH_ACTOR
from flows.rules.words import date_in_words, day_in_words
from flows.words import N_, Saying, saying
from flows.work import Work
from messaging.telling import Telling, absolute, page_of, staff_who_may


def started(telling: Telling, instance: Instance, fact: events.InstanceStarted) -> None:
    """Its customer is asked to begin, unless they began it themselves."""
    definition = _guided(telling, instance)
    if definition is None or instance.waiting_on != "customer" or fact.source == "customer":
        return
    if not _flow_tells(definition, "created"):
        title = telling.title(instance)
        _mail(
            telling, instance, "task-created", step=_titles(telling, instance, _open_to_customer(instance)),
            summary=lambda: _shown(telling, instance).summary or "", message=fact.message,
            sender=_sender(telling.work, instance),
        )  # fmt: skip
        _note(telling, instance, saying("%(title)s is waiting for you", title=title), saying("Begin"), at_top=False)


def given_at_start(telling: Telling, instance: Instance, _fact: events.InstanceStarted) -> None:
    """Its assignee has something new."""
    definition = _guided(telling, instance)
    if definition is not None and instance.assignee_id is not None and not telling.all(events.Assigned):
        _tell_assignee(telling, instance, definition, instance.assignee_id, "")


def step_opened(telling: Telling, instance: Instance, _fact: events.StepOpened) -> None:
    """It is the customer's turn because somebody else did something; several steps are one mail."""
    opened = {one.step for one in telling.all(events.StepOpened)}
    added = {one.step for one in telling.all(events.StepAdded)}
    theirs = [step for step in _open_to_customer(instance) if step.name in opened and step.name not in added]
    definition = _guided(telling, instance)
    if definition is None or not theirs or telling.work.actor.kind == "customer" or not telling.is_last:
        return
    if any(_flow_tells(definition, f"step.{step.name}.opened") for step in theirs):
        return
    steps = _titles(telling, instance, theirs)
    where = theirs[0] if len(theirs) == 1 else lambda: _shown(telling, instance).title
    _mail(telling, instance, "your-turn", step=where, steps=steps)
    _note(telling, instance, saying("It is your turn: %(steps)s", steps=steps), saying("Go on"), at_top=False)


def step_returned(telling: Telling, instance: Instance, fact: events.StepReturned) -> None:
    _handed_back(
        telling, instance, fact.step, "returned", fact.message,
        lambda: _remarks(telling, instance, fact.step, fact.fields),
    )  # fmt: skip


def step_reopened(telling: Telling, instance: Instance, fact: events.StepReopened) -> None:
    """A step of ours is reopened among ourselves; the reason, if any, stands on the timeline."""
    _handed_back(telling, instance, fact.step, "reopened", fact.reason, "")


def field_added(telling: Telling, instance: Instance, fact: events.FieldAdded) -> None:
    """Said once the step is the customer's to answer; while it is locked nobody has to know. Several are one mail."""
    step, definition = instance.step(fact.step), _guided(telling, instance)
    if definition is None or step is None or step.actor != "customer" or step.state not in WITH_ACTOR:
        return
    if not telling.is_last:
        return
    questions = [one.label for one in telling.all(events.FieldAdded) if one.step == fact.step]
    _mail(telling, instance, "question-added", step=step, questions="\n".join(questions), count=len(questions))
    title = telling.step(instance, fact.step, fact.title)
    _note(telling, instance, saying("We have one more question in “%(step)s”", step=title), saying("Answer it"))


def step_added(telling: Telling, instance: Instance, fact: events.StepAdded) -> None:
    step, definition = instance.step(fact.step), _guided(telling, instance)
    if definition is None or step is None or step.actor != "customer":
        return
    _mail(telling, instance, "step-added", step=step)
    title = telling.step(instance, fact.step, fact.title)
    text = saying("There is one more step: %(step)s", step=title)
    _note(telling, instance, text, saying("Look at it"), at_top=False)


def step_overdue(telling: Telling, instance: Instance, fact: events.StepOverdue) -> None:
    """A late step of the customer is asked for again."""
    step = instance.step(fact.step)
    if _guided(telling, instance) is not None and step is not None and step.actor == "customer":
        title = telling.step(instance, fact.step, fact.title)
        _mail(telling, instance, "step-overdue", step=step, was_due=_day(step.due_at, instance))
        _note(telling, instance, saying("“%(step)s” is late", step=title), saying("Go to the step"), at_top=False)


def our_step_overdue(telling: Telling, instance: Instance, fact: events.StepOverdue) -> None:
    """A late step of ours is put before its assignee."""
    step = instance.step(fact.step)
    if _guided(telling, instance) is not None and step is not None and step.actor != "customer":
        text = saying(
            "“%(step)s” of %(customer)s is late (%(ref)s)", step=telling.step(instance, fact.step, fact.title),
            customer=instance.customer_name, ref=instance.reference,
        )  # fmt: skip
        _note_staff(telling, instance, instance.assignee_id, text, saying("Go to the step"))


def ended(telling: Telling, instance: Instance, fact: events.InstanceCompleted | events.InstanceClosed) -> None:
    """With an outcome. An order says itself how it ended."""
    positive = isinstance(fact, events.InstanceCompleted)
    definition = _guided(telling, instance)
    if definition is None or _flow_tells(definition, "completed" if positive else "closed"):
        return
    _mail(
        telling, instance, "outcome", path="/outcome", positive=positive, message=instance.close_message,
        rate=ratings.is_asked(instance.status, definition.rating),
    )  # fmt: skip
    if telling.work.actor.kind != "customer":
        text = N_("%(title)s (%(ref)s) is completed") if positive else N_("%(title)s (%(ref)s) is closed")
        words = saying(text, title=telling.title(instance), ref=instance.reference)
        _note(telling, instance, words, saying("See how it ended"))


def cancelled(telling: Telling, instance: Instance, fact: events.InstanceCancelled) -> None:
    """By us: whoever cancelled it themselves knows."""
    definition = _guided(telling, instance)
    if definition is None or telling.work.actor.kind == "customer" or _flow_tells(definition, "cancelled"):
        return
    _mail(telling, instance, "request-cancelled", path="/outcome", reason=fact.reason)
    text = saying("%(title)s (%(ref)s) was cancelled", title=telling.title(instance), ref=instance.reference)
    _note(telling, instance, text, saying("See why"))


def expired(telling: Telling, instance: Instance, _fact: events.InstanceExpired) -> None:
    definition = _guided(telling, instance)
    if definition is not None and not _flow_tells(definition, "expired"):
        _mail(telling, instance, "request-expired", path="/outcome")
        text = saying("The time for %(title)s is over", title=telling.title(instance))
        _note(telling, instance, text, saying("See what that means"), at_top=False)


def taken_up_again(telling: Telling, instance: Instance, fact: events.InstanceReopened) -> None:
    """After its end; when a step of the customer was reopened with it, that mail says what there is to do."""
    reopened = [instance.step(one.step) for one in telling.all(events.StepReopened)]
    is_told = any(step is not None and step.actor == "customer" for step in reopened)
    if _guided(telling, instance) is not None and not is_told:
        _mail(telling, instance, "request-resumed", reason=fact.reason, theirs=instance.waiting_on == "customer")
        text = saying("We have taken up %(title)s again", title=telling.title(instance))
        _note(telling, instance, text, saying("Look at it"), at_top=False)


def asked_to_reopen(telling: Telling, instance: Instance, fact: events.ReopeningAsked) -> None:
    """Its assignee; where nobody has it, everybody who may take it up again."""
    if _guided(telling, instance) is None:
        return
    text = saying(
        "%(customer)s asks to take %(title)s (%(ref)s) up again: “%(reason)s”", customer=instance.customer_name,
        title=telling.title(instance), ref=instance.reference, reason=fact.reason,
    )  # fmt: skip
    if instance.assignee_id is not None:
        _note_staff(telling, instance, instance.assignee_id, text, saying("Look at it"))
    else:
        telling.note(staff_who_may(telling.work, "cancel"), text, saying("Look at it"), url=instance.staff_page)


def rated(telling: Telling, instance: Instance, fact: events.Rated) -> None:
    if _guided(telling, instance) is not None:
        text = N_("%(customer)s rated %(title)s %(score)s of %(scale)s")
        if fact.comment:
            text = N_("%(customer)s rated %(title)s %(score)s of %(scale)s: “%(comment)s”")
        words = saying(
            text, customer=instance.customer_name, title=telling.title(instance), score=fact.score, scale=fact.scale,
            comment=fact.comment,
        )  # fmt: skip
        _note_staff(telling, instance, instance.assignee_id, words, saying("Look at it"))


def assigned(telling: Telling, instance: Instance, fact: events.Assigned) -> None:
    """The new assignee, unless they took it themselves."""
    definition = _guided(telling, instance) if instance.state is None else None
    if definition is not None and fact.user_id is not None:
        _tell_assignee(telling, instance, definition, fact.user_id, fact.note)


def review_escalated(telling: Telling, instance: Instance, fact: events.ReviewEscalated) -> None:
    """Those whom the flow names, over every channel (X5)."""
    definition = versions.definition_of(telling.work.session, instance)
    step, approval = instance.step(fact.step), definition.steps[fact.step].approval
    if step is None or approval is None or approval.escalate is None or step.submitted_at is None:
        return
    ids, page = recipients(telling.work, instance, approval.escalate.to), f"{instance.staff_page}#step-{fact.step}"
    title, sent = telling.step(instance, fact.step, fact.title), step.submitted_at
    text = saying(
        "%(step)s of %(customer)s waits for a review since %(day)s", step=title, customer=instance.customer_name,
        day=lambda: date_in_words(sent, year=False),
    )  # fmt: skip
    telling.note(ids, text, saying("Review it"), url=page)
    if _guided(telling, instance) is not None:
        since = _day(sent, instance)
        for user_id in ids:
            telling.mail(user_id, "review-waiting", step=title, since=since, url=absolute(page))


# --- customers --------------------------------------------------------------------------------------------------


def _handed_back(telling: Telling, instance: Instance, name: str, what: str, message: str, remarks: Saying) -> None:
    step, definition = instance.step(name), _guided(telling, instance)
    if definition is None or step is None or step.actor != "customer":
        return
    text = saying("We need you to change something in “%(step)s”", step=telling.step(instance, name))
    _note(telling, instance, text, saying("Look at it"))
    if not _flow_tells(definition, f"step.{name}.{what}"):
        _mail(
            telling, instance, "changes-needed", step=step, message=message, remarks=remarks,
            sender=telling.work.actor.name, reopened=what == "reopened",
        )  # fmt: skip


def _mail(
    telling: Telling, instance: Instance, template: str, step: Step | Saying = "", path: str = "", **more: Any
) -> None:
    """One mail to each person of the customer; `step` is what its link leads to, and its title."""
    if isinstance(step, Step):
        path = f"/steps/{step.name}"
        step = telling.step(instance, step.name)
    url = absolute(page_of(instance, path))
    due_on = _day(instance.due_at, instance)
    for user_id in recipients(telling.work, instance, ("customer",)):
        telling.mail(user_id, template, step=step, url=url, due_on=due_on, **more)


def _note(telling: Telling, instance: Instance, text: Saying, link: Saying, at_top: bool = True) -> None:
    """Words in the portal for each person of the customer."""
    telling.note(recipients(telling.work, instance, ("customer",)), text, link, at_top=at_top)


def _day(moment: datetime | None, instance: Instance) -> Saying:
    return lambda: day_in_words(moment, instance.time_zone) if moment is not None else ""


def _remarks(telling: Telling, instance: Instance, name: str, fields: dict[str, str]) -> str:
    """Remarks by field as lines, each with its question."""
    asked = _shown(telling, instance).steps[name].fields
    labels = {name: field.label if field.label.endswith("?") else f"{field.label}:" for name, field in asked.items()}
    return "\n".join(f"{labels[name]} {text}" for name, text in fields.items() if name in labels)


def _open_to_customer(instance: Instance) -> list[Step]:
    return [step for step in instance.steps if step.actor == "customer" and step.state in WITH_ACTOR]


def _titles(telling: Telling, instance: Instance, steps: Sequence[Step]) -> Saying:
    return lambda: ", ".join(_shown(telling, instance).steps[step.name].title for step in steps)


def _sender(work: Work, instance: Instance) -> str:
    """Who wrote the message that it starts with: whoever made it, or whoever invited."""
    if instance.creator_id in (None, work.actor.user_id):
        return work.actor.name
    creator = work.session.get(User, instance.creator_id)
    return creator.name if creator is not None else work.actor.name


# --- staff ------------------------------------------------------------------------------------------------------


def _tell_assignee(telling: Telling, instance: Instance, definition: FlowDefinition, user_id: int, note: str) -> None:
    if user_id != telling.work.actor.user_id and not _flow_tells(definition, "assigned", ("assignee",)):
        text = N_("%(title)s of %(customer)s is yours now (%(ref)s)")
        if note:
            text = N_("%(title)s of %(customer)s is yours now (%(ref)s): %(note)s")
        words = saying(
            text, title=telling.title(instance), customer=instance.customer_name, ref=instance.reference, note=note
        )
        _note_staff(telling, instance, user_id, words, saying("Look at it"))


def _note_staff(telling: Telling, instance: Instance, user_id: int | None, text: Saying, link: Saying) -> None:
    user = telling.work.session.get(User, user_id) if user_id is not None else None
    if user is not None and user.kind == "staff":
        telling.note([user.id], text, link, url=instance.staff_page)


# --- what they share --------------------------------------------------------------------------------------------


def _shown(telling: Telling, instance: Instance) -> FlowDefinition:
    """The flow in the words of whoever reads."""
    return versions.spoken_of(telling.work.session, instance)


def _guided(telling: Telling, instance: Instance) -> FlowDefinition | None:
    """The flow, when it is one of steps that belongs to no order: cases and orders have their own words."""
    definition = versions.definition_of(telling.work.session, instance)
    if not definition.steps or instance.order_uid is not None:
        return None
    if instance.id is None:
        telling.work.session.flush()  # its reference is the number of its row
    return definition


def _flow_tells(definition: FlowDefinition, moment: str, people: Iterable[str] = ("customer",)) -> bool:
    """Whether the flow itself owes these people a mail for this moment: nobody gets two."""
    letters = [
        effect.email if isinstance(effect, EmailEffect) else effect.notify
        for effect in definition.effects_for(moment)
        if isinstance(effect, EmailEffect | NotifyEffect)
    ]
    return any(set(letter.to or ("customer",)) & set(people) for letter in letters)
