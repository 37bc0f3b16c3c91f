"""What people hear about guided requests: one function a moment, and the flow's own words come first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from flows import events
from flows import settings as settings_room
from flows.actions import versions
from flows.actions.owing import owe_mail, recipients
from flows.catalogue import FlowDefinition
from flows.catalogue.schema import EmailEffect, NotifyEffect
from flows.events import Event
from flows.models import Instance, Notice, Step, User
from flows.rules import ratings
from flows.rules.moves import WITH_ACTOR
from flows.rules.words import day_in_words
from flows.work import Subject, Work

Fact = TypeVar("Fact", bound=Event)


def started(work: Work, instance: Instance, fact: events.InstanceStarted) -> None:
    """Its customer is asked to begin, unless they began it themselves; its assignee has something new."""
    definition = _guided(work, instance)
    if definition is None:
        return
    if instance.waiting_on == "customer" and fact.source != "customer" and not _flow_tells(definition, "created"):
        _mail(
            work, instance, fact, "task-created", step=_titles(definition, _open_to_customer(instance)),
            summary=definition.summary or "", message=fact.message, sender=_sender(work, instance),
        )  # fmt: skip
    if instance.assignee_id is not None and not _all(work, instance, events.Assigned):
        _tell_assignee(work, instance, definition, instance.assignee_id, "")


def step_opened(work: Work, instance: Instance, fact: events.StepOpened) -> None:
    """It is the customer's turn because somebody else did something; several steps are one mail."""
    opened = {one.step for one in _all(work, instance, events.StepOpened)}
    added = {one.step for one in _all(work, instance, events.StepAdded)}
    theirs = [step for step in _open_to_customer(instance) if step.name in opened and step.name not in added]
    definition = _guided(work, instance)
    if definition is None or not theirs or work.actor.kind == "customer" or not _is_last(work, instance, fact):
        return
    if any(_flow_tells(definition, f"step.{step.name}.opened") for step in theirs):
        return
    where = theirs[0] if len(theirs) == 1 else definition.title
    _mail(work, instance, fact, "your-turn", step=where, steps=_titles(definition, theirs))


def step_returned(work: Work, instance: Instance, fact: events.StepReturned) -> None:
    remarks = _remarks(work, instance, fact.step, fact.fields)
    _handed_back(work, instance, fact, fact.step, "returned", fact.message, remarks)


def step_reopened(work: Work, instance: Instance, fact: events.StepReopened) -> None:
    """A step of ours is reopened among ourselves; the reason, if any, stands on the timeline."""
    _handed_back(work, instance, fact, fact.step, "reopened", fact.reason, "")


def field_added(work: Work, instance: Instance, fact: events.FieldAdded) -> None:
    """Said once the step is the customer's to answer; while it is locked nobody has to know. Several are one mail."""
    step, definition = instance.step(fact.step), _guided(work, instance)
    if definition is None or step is None or step.actor != "customer" or step.state not in WITH_ACTOR:
        return
    if not _is_last(work, instance, fact):
        return
    questions = [one.label for one in _all(work, instance, events.FieldAdded) if one.step == fact.step]
    _mail(work, instance, fact, "question-added", step=step, questions="\n".join(questions), count=len(questions))
    _notice(work, instance, f"We have one more question in “{fact.title}”", "Answer it")


def step_added(work: Work, instance: Instance, fact: events.StepAdded) -> None:
    step, definition = instance.step(fact.step), _guided(work, instance)
    if definition is None or step is None or step.actor != "customer":
        return
    _mail(work, instance, fact, "step-added", step=step)


def step_overdue(work: Work, instance: Instance, fact: events.StepOverdue) -> None:
    """A late step of the customer is asked for again; a late one of ours is put before its assignee."""
    step, definition = instance.step(fact.step), _guided(work, instance)
    if definition is None or step is None:
        return
    if step.actor == "customer":
        was_due = day_in_words(step.due_at, instance.time_zone) if step.due_at else ""
        _mail(work, instance, fact, "step-overdue", step=step, was_due=was_due)
    elif instance.assignee_id is not None:
        text = f"“{fact.title}” of {instance.customer_name} is late ({instance.reference})"
        _notice_of_staff(work, instance, instance.assignee_id, text, "Go to the step")


def ended(work: Work, instance: Instance, fact: events.InstanceCompleted | events.InstanceClosed) -> None:
    """With an outcome. An order says itself how it ended."""
    positive = isinstance(fact, events.InstanceCompleted)
    definition = _guided(work, instance)
    if definition is None or _flow_tells(definition, "completed" if positive else "closed"):
        return
    _mail(
        work, instance, fact, "outcome", path="/outcome", positive=positive, message=instance.close_message,
        rate=ratings.is_asked(instance.status, definition.rating),
    )  # fmt: skip
    if work.actor.kind != "customer":
        words = "completed" if positive else "closed"
        _notice(work, instance, f"{instance.title} ({instance.reference}) is {words}", "See how it ended")


def cancelled(work: Work, instance: Instance, fact: events.InstanceCancelled) -> None:
    """By us: whoever cancelled it themselves knows."""
    definition = _guided(work, instance)
    if definition is None or work.actor.kind == "customer" or _flow_tells(definition, "cancelled"):
        return
    _mail(work, instance, fact, "request-cancelled", path="/outcome", reason=fact.reason)
    _notice(work, instance, f"{instance.title} ({instance.reference}) was cancelled", "See why")


def expired(work: Work, instance: Instance, fact: events.InstanceExpired) -> None:
    definition = _guided(work, instance)
    if definition is not None and not _flow_tells(definition, "expired"):
        _mail(work, instance, fact, "request-expired", path="/outcome")


def taken_up_again(work: Work, instance: Instance, fact: events.InstanceReopened) -> None:
    """After its end; when a step of the customer was reopened with it, that mail says what there is to do."""
    reopened = [instance.step(one.step) for one in _all(work, instance, events.StepReopened)]
    is_told = any(step is not None and step.actor == "customer" for step in reopened)
    if _guided(work, instance) is not None and not is_told:
        _mail(work, instance, fact, "request-resumed", reason=fact.reason, theirs=instance.waiting_on == "customer")


def rated(work: Work, instance: Instance, fact: events.Rated) -> None:
    if instance.assignee_id is not None and _guided(work, instance) is not None:
        comment = f": “{fact.comment}”" if fact.comment else ""
        text = f"{instance.customer_name} rated {instance.title} {fact.score} of {fact.scale}{comment}"
        _notice_of_staff(work, instance, instance.assignee_id, text, "Look at it")


def assigned(work: Work, instance: Instance, fact: events.Assigned) -> None:
    """The new assignee, unless they took it themselves."""
    definition = _guided(work, instance)
    if definition is not None and fact.user_id is not None:
        _tell_assignee(work, instance, definition, fact.user_id, fact.note)


def review_escalated(work: Work, instance: Instance, fact: events.ReviewEscalated) -> None:
    """A mail to those whom the flow names, beside the notice that they got already (X5)."""
    definition, step = _guided(work, instance), instance.step(fact.step)
    approval = definition.steps[fact.step].approval if definition is not None else None
    if step is None or approval is None or approval.escalate is None:
        return
    since = day_in_words(step.submitted_at, instance.time_zone) if step.submitted_at else ""
    url = f"{settings_room.current().origin}{instance.staff_page}#step-{fact.step}"
    for user_id in recipients(work, instance, approval.escalate.to):
        _owe(work, instance, fact, "review-waiting", user_id, step=fact.title, since=since, url=url)


# --- customers --------------------------------------------------------------------------------------------------


def _handed_back(work: Work, instance: Instance, fact: Event, name: str, what: str, message: str, remarks: str) -> None:
    step, definition = instance.step(name), _guided(work, instance)
    if definition is None or step is None or step.actor != "customer":
        return
    title = definition.steps[name].title
    _notice(work, instance, f"We need you to change something in “{title}”", "Look at it")
    if not _flow_tells(definition, f"step.{name}.{what}"):
        _mail(
            work, instance, fact, "changes-needed", step=step, message=message, remarks=remarks,
            sender=work.actor.name, reopened=what == "reopened",
        )  # fmt: skip


def _mail(
    work: Work, instance: Instance, fact: Event, kind: str, step: Step | str = "", path: str = "", **more: Any
) -> None:
    """One mail of a kind to each person of the customer; `step` is what its link leads to, and its title."""
    if isinstance(step, Step):
        path = f"/steps/{step.name}"
        step = versions.definition_of(work.session, instance).steps[step.name].title
    url = f"{settings_room.current().origin}/tasks/{instance.reference}{path}"
    due_on = day_in_words(instance.due_at, instance.time_zone) if instance.due_at else ""
    for user_id in recipients(work, instance, ("customer",)):
        _owe(work, instance, fact, kind, user_id, step=step, url=url, due_on=due_on, **more)


def _notice(work: Work, instance: Instance, text: str, link: str) -> None:
    """Words in the portal for each person of the customer."""
    for user_id in recipients(work, instance, ("customer",)):
        work.session.add(
            Notice(
                user_id=user_id,
                organisation_id=instance.organisation_id,
                instance=instance,
                text=text[:400],
                link_text=link,
                created_at=work.now,
            )
        )


def _remarks(work: Work, instance: Instance, name: str, fields: dict[str, str]) -> str:
    """Remarks by field as lines, each with its question."""
    asked = versions.definition_of(work.session, instance).steps[name].fields
    labels = {name: field.label if field.label.endswith("?") else f"{field.label}:" for name, field in asked.items()}
    return "\n".join(f"{labels[name]} {text}" for name, text in fields.items() if name in labels)


def _open_to_customer(instance: Instance) -> list[Step]:
    return [step for step in instance.steps if step.actor == "customer" and step.state in WITH_ACTOR]


def _titles(definition: FlowDefinition, steps: Sequence[Step]) -> str:
    return ", ".join(definition.steps[step.name].title for step in steps)


def _sender(work: Work, instance: Instance) -> str:
    """Who wrote the message that it starts with: whoever made it, or whoever invited."""
    if instance.creator_id in (None, work.actor.user_id):
        return work.actor.name
    creator = work.session.get(User, instance.creator_id)
    return creator.name if creator is not None else work.actor.name


# --- staff ------------------------------------------------------------------------------------------------------


def _tell_assignee(work: Work, instance: Instance, definition: FlowDefinition, user_id: int, note: str) -> None:
    user = work.session.get(User, user_id)
    if user is None or user.id == work.actor.user_id:
        return
    if not _flow_tells(definition, "assigned", ("assignee",)):
        text = f"{instance.title} of {instance.customer_name} is yours now ({instance.reference})"
        _notice_of_staff(work, instance, user_id, f"{text}: {note}" if note else text, "Look at it")


def _notice_of_staff(work: Work, instance: Instance, user_id: int, text: str, link: str) -> None:
    """Its address is in the back office, so it names no instance: that would lead to the portal."""
    if work.session.get_one(User, user_id).kind != "staff":
        return
    work.session.add(
        Notice(
            user_id=user_id,
            organisation_id=instance.organisation_id,
            text=text[:400],
            link_text=link,
            url=instance.staff_page,
            created_at=work.now,
        )
    )


# --- what they share --------------------------------------------------------------------------------------------


def _guided(work: Work, instance: Instance) -> FlowDefinition | None:
    """The flow, when it is one of steps that belongs to no order: cases and orders have their own words."""
    definition = versions.definition_of(work.session, instance)
    if not definition.steps or instance.order_uid is not None:
        return None
    if instance.id is None:
        work.session.flush()  # its reference is the number of its row
    return definition


def _flow_tells(definition: FlowDefinition, moment: str, people: Iterable[str] = ("customer",)) -> bool:
    """Whether the flow itself owes these people a mail for this moment: nobody gets two."""
    letters = [
        effect.email if isinstance(effect, EmailEffect) else effect.notify
        for effect in definition.effects_for(moment)
        if isinstance(effect, EmailEffect | NotifyEffect)
    ]
    return any(set(letter.to or ("customer",)) & set(people) for letter in letters)


def _owe(work: Work, instance: Instance, fact: Event, kind: str, user_id: int, **scope: Any) -> None:
    """Under a key of this very event, so that nobody gets it twice; who they are is looked up when it is sent."""
    key = f"{instance.uid}:{_seq(work, instance, fact)}:{kind}:{user_id}"
    owe_mail(work, key=key, template=kind, to=user_id, scope=scope, subject=instance)


def _seq(work: Work, subject: Subject, fact: Event) -> int:
    """The number of a fact of this work in the timeline."""
    mine = [one for of, one in work.recorded if of is subject]
    return subject.event_seq - len(mine) + 1 + next(n for n, one in enumerate(mine) if one is fact)


def _all(work: Work, instance: Instance, kind: type[Fact]) -> list[Fact]:
    """The facts of one kind that this work recorded about the instance."""
    return [fact for of, fact in work.recorded if of is instance and isinstance(fact, kind)]


def _is_last(work: Work, instance: Instance, fact: Event) -> bool:
    return _all(work, instance, type(fact))[-1] is fact
