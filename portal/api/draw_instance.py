"""Task instances and their steps as the API shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from flows.access import read_as
from flows.actions import closing, filling, withholding
from flows.actions.deciding import Deciding
from flows.actions.scope import scope_of
from flows.catalogue import FlowDefinition
from flows.catalogue.schema import Step as StepRule
from flows.lookups import source_of
from flows.models import Instance, Review, Step, Submission, User
from flows.queries import allowed, customer_status, lookups, parties
from flows.queries.grid import grid_status, needs_action
from flows.rules import answers, private, ratings
from flows.rules.actors import Actor
from flows.rules.moves import WITH_ACTOR
from flows.words import N_
from flows.words import gettext as _
from portal.api import draw_links, draw_payment, languages, shapes
from portal.api.conditions import small_form
from portal.api.etags import etag
from portal.api.shapes.talk import Messages

STATUS_WORDS = {
    "not_started": N_("Not started"),
    "in_progress": N_("In progress"),
    "awaiting_review": N_("Awaiting review"),
    "completed": N_("Completed"),
    "cancelled": N_("Cancelled"),
    "expired": N_("Expired"),
}


def instance_tag(instance: Instance, now: datetime, *beside: object) -> str:
    """Time alone makes a task overdue or expired, and its version does not count that."""
    timely = (instance.is_open and instance.is_past_expiry(now), instance.is_overdue(now))
    return etag("ti", instance.version, *timely, *beside)


def status_of(instance: Instance, now: datetime) -> str:
    """An instance whose end has come is expired, whether or not a worker has noticed (Q30)."""
    return "expired" if instance.is_open and instance.is_past_expiry(now) else instance.status


def progress_of(instance: Instance) -> shapes.Progress:
    return shapes.Progress(done=instance.steps_done, total=instance.steps_total, may_grow=instance.may_grow)


def turn_of(instance: Instance, now: datetime) -> str:
    """todo, with_us or done: the three lists of the app."""
    if needs_action(instance, now):
        return "todo"
    return "with_us" if grid_status(instance, now) == "Pending" else "done"


def summary(
    actor: Actor, instance: Instance, definition: FlowDefinition, now: datetime, unread: int
) -> shapes.InstanceSummary:
    """One row of a list, its organisation, assignee and steps at hand; `unread` messages wait for the actor."""
    return shapes.InstanceSummary(**_facts(actor, instance, definition, now, unread))


def detail(
    session: Session,
    actor: Actor,
    instance: Instance,
    definition: FlowDefinition,
    now: datetime,
    unread: int,
    children: Sequence[shapes.Child] = (),
    steps: list[shapes.Step] | None = None,
    messages: Messages | None = None,
) -> shapes.Instance:
    """The whole instance, its people and children at hand; `steps` and `messages` when they were asked for."""
    return shapes.Instance(
        **_facts(actor, instance, definition, now, unread),
        close_message=instance.close_message,
        asked=[asked(row) for row in lookups.asked_at_start(actor, instance, definition, now)],
        amounts=_amounts(instance, definition),
        linked=_linked(instance, definition) if actor.is_staff else [],
        outcomes=_outcomes(session, instance, definition, now) if actor.is_staff and instance.is_open else [],
        children=[*children],
        steps=steps,
        messages=messages,
    )


def asked(row: Mapping[str, Any]) -> shapes.Asked:
    """What was asked at the start, as `lookups.asked_at_start` gives it."""
    return shapes.Asked(label=row["label"], value=row["value"], upload_ids=[one.id for one in row["files"]])


def brief(actor: Actor, instance: Instance, definition: FlowDefinition, now: datetime) -> shapes.InstanceBrief:
    """How the instance stands after something was done in it."""
    return shapes.InstanceBrief(
        id=instance.uid,
        status=status_of(instance, now),
        customer_status=customer_status.status_of(instance, now),
        outcome=instance.outcome,
        progress=progress_of(instance),
        version=instance.version,
        allowed_actions=allowed.of_instance(actor, instance, definition, now),
    )


def step_brief(
    session: Session, actor: Actor, instance: Instance, definition: FlowDefinition, step: Step, now: datetime
) -> shapes.StepBrief:
    rule = definition.steps[step.name]
    right = Deciding(session, actor, now).right(instance, step, rule)
    return shapes.StepBrief(
        key=step.name,
        state=step.state,
        version=step.version,
        check_again=step.check_again,
        allowed_actions=allowed.of_step(actor, instance, step, rule, now, right),
    )


def _facts(actor: Actor, instance: Instance, definition: FlowDefinition, now: datetime, unread: int) -> dict[str, Any]:
    status, organisation, assignee = status_of(instance, now), instance.organisation, instance.assignee
    return {
        "id": instance.uid,
        "reference": instance.reference,
        "title": languages.title_of(read_as(actor), instance),
        "kind": languages.kind_of(read_as(actor), instance),
        "flow": instance.flow,
        "status": status,
        "status_label": _label(definition, status),
        "customer_status": customer_status.status_of(instance, now),
        "turn": turn_of(instance, now),
        "waiting_on": instance.waiting_on,
        "overdue": instance.is_overdue(now),
        "outcome": instance.outcome,
        "outcome_kind": instance.outcome_kind,
        "outcome_label": _outcome_label(definition, instance.outcome),
        "customer": shapes.Named(id=organisation.uid, name=instance.customer_name),
        "customer_address": instance.customer_address,
        "assignee": _assignee(actor, assignee),
        "source": instance.source,
        "order_id": instance.order_uid,
        "parent_id": instance.parent.uid if instance.parent is not None else None,
        "progress": progress_of(instance),
        "created_at": instance.created_at,
        "updated_at": instance.last_activity_at,
        "due_at": instance.due_at,
        "expires_at": instance.expires_at,
        "closed_at": instance.closed_at,
        "rating": _rating(instance, definition),
        "unread_messages": unread,
        "version": instance.version,
        "links": draw_links.of_instance(actor, instance),
        "allowed_actions": allowed.of_instance(actor, instance, definition, now),
    }


def _assignee(actor: Actor, assignee: User | None) -> shapes.Named | None:
    """Whose work it is inside the house is for staff alone."""
    if assignee is None or not (actor.is_staff or assignee.kind == "customer"):
        return None
    return shapes.Named(id=assignee.uid, name=assignee.name)


def _label(definition: FlowDefinition, status: str) -> str:
    """What the flow calls this status, or what everybody does."""
    labels: Mapping[Any, str] = definition.status_labels
    return labels.get(status, _(STATUS_WORDS[status]))


def _outcome_label(definition: FlowDefinition, outcome: str | None) -> str | None:
    rule = definition.all_outcomes().get(outcome) if outcome is not None else None
    return rule.label if rule is not None else outcome


def _rating(instance: Instance, definition: FlowDefinition) -> shapes.Rating | None:
    if instance.rating is None or instance.rated_at is None:
        return None
    return shapes.Rating(
        score=instance.rating,
        scale=definition.rating.scale if definition.rating else ratings.USUAL_SCALE,
        comment=instance.rating_comment,
        rated_at=instance.rated_at,
        changeable_until=instance.rated_at + ratings.CHANGEABLE,
    )


def _amounts(instance: Instance, definition: FlowDefinition) -> list[shapes.Amount]:
    """The Payment Amounts of this instance (C27)."""
    return [
        shapes.Amount(
            step=name,
            title=rule.title,
            amount=shapes.Money(amount=instance.amounts[name], currency=rule.payment.currency),
        )
        for name, rule in definition.steps.items()
        if rule.payment is not None and name in instance.amounts
    ]


def _linked(instance: Instance, definition: FlowDefinition) -> list[shapes.Linked]:
    """What the flow lets it be linked to, and what that is now (C41)."""
    found = []
    for key, rule in definition.links.items():
        about = instance.links.get(key)
        to = None if about is None else shapes.LinkedTo(value=about["id"], label=about["label"], detail=about["detail"])
        found.append(shapes.Linked(key=key, label=rule.label, lookup=rule.lookup, to=to))
    return found


def _outcomes(session: Session, instance: Instance, definition: FlowDefinition, now: datetime) -> list[shapes.Outcome]:
    """The ways to end it, each with the words that the customer would read (C42 to C45)."""
    return [
        shapes.Outcome(
            key=key,
            label=rule.label,
            kind=rule.kind,
            message=closing.message_of(session, instance, key, now),
        )
        for key, rule in definition.all_outcomes().items()
        if definition.steps
    ]


# --- steps ------------------------------------------------------------------------------------------------------


def steps_of(
    session: Session, actor: Actor, instance: Instance, now: datetime, named: Iterable[Step]
) -> list[shapes.Step]:
    """These steps with their forms; what the flow suggests is worked out once for all of them."""
    definition = languages.definition_of(session, instance)
    shown = [step for step in named if step.state != "skipped"]
    fresh = any(not step.attempt for step in shown)
    scope = _scope(session, actor, instance, definition, now) if fresh else {}
    money = draw_payment.of_steps(session, actor, instance, definition, shown, now)
    deciding = Deciding(session, actor, now)
    return [_step(deciding, instance, definition, step, scope, money.get(step.name)) for step in shown]


def _scope(
    session: Session, actor: Actor, instance: Instance, definition: FlowDefinition, now: datetime
) -> dict[str, Any]:
    """What suggestions may name, with all its people read at once."""
    parties.know(actor, instance)
    return scope_of(session, instance, definition, now)


def draft_of(actor: Actor, instance: Instance, step: Step, rule: StepRule, now: datetime) -> shapes.Draft | None:
    """The draft: in clear for whose step it is, while it takes answers."""
    if step.draft is None:
        return None
    in_form = _is_form_of(actor, instance, step, rule, now)
    given, masked = withholding.read_by(actor, instance, step, rule, step.draft, in_form)
    return shapes.Draft(answers=given, masked=masked, saved_at=step.draft_saved_at, base_version=step.version)


def submission(
    actor: Actor, instance: Instance, step: Step, rule: StepRule, sent: Submission, reviews: Sequence[Review]
) -> shapes.Submission:
    """One attempt with what was decided about it; what is private stays masked, whoever asks."""
    given, masked = withholding.read_by(actor, instance, step, rule, sent.answers, in_form=False)
    by = sent.submitted_by
    return shapes.Submission(
        id=sent.uid,
        attempt=sent.attempt,
        state=sent.state,
        answers=given,
        masked=masked,
        reviews=[
            shapes.Decision(
                decision=one.decision, message=one.message, by=one.reviewer_name, at=one.at, fields=one.remarks
            )
            for one in reviews
        ],
        submitted_by=shapes.Named(id=by.uid, name=by.name) if by is not None else None,
        submitted_at=sent.submitted_at,
        filled_at=sent.filled_at,
    )


def _is_form_of(actor: Actor, instance: Instance, step: Step, rule: StepRule, now: datetime) -> bool:
    return "save_draft" in allowed.of_step(actor, instance, step, rule, now)


def _step(
    deciding: Deciding,
    instance: Instance,
    definition: FlowDefinition,
    step: Step,
    scope: dict[str, Any],
    payment: shapes.StepPayment | None,
) -> shapes.Step:
    actor, now = deciding.actor, deciding.now
    rule = filling.filled(deciding.session, actor, instance, definition, definition.steps[step.name], now)
    asked = allowed.fields_for(actor, rule.fields, instance.standing, step.actor)
    in_form = _is_form_of(actor, instance, step, rule, now)
    given, masked = withholding.read_by(actor, instance, step, rule, step.answers, in_form)
    if not step.attempt:
        given = answers.prefill(asked, scope, private=private.names_of(definition))
    return shapes.Step(
        id=step.uid,
        key=step.name,
        title=rule.title,
        help=rule.help,
        state=step.state,
        actor=step.actor,
        version=step.version,
        attempt=step.attempt,
        review=_remark(step),
        check_again=step.check_again,
        due_at=step.due_at,
        pages=_pages(rule, asked),
        fields=[question(name, field) for name, field in asked.items()],
        answers={name: given.get(name) for name in asked if name in given},
        masked=masked,
        labels={source: step.labels.get(source, {}) for source in _sources(asked) if step.labels.get(source)},
        draft=draft_of(actor, instance, step, rule, now),
        payment=payment,
        allowed_actions=allowed.of_step(actor, instance, step, rule, now, deciding.right(instance, step, rule)),
        effects=shapes.Effects(on_submit="review" if rule.approval else "complete"),
        locked_until=None,
        submitted_at=step.submitted_at,
    )


def _sources(asked: Mapping[str, Any]) -> set[str]:
    """Where the answers to these questions are chosen from, those in lists too."""
    inner = [one for field in asked.values() if field.type == "list" for one in field.item.values()]
    return {source for one in (*asked.values(), *inner) if (source := source_of(one)) is not None}


def _remark(step: Step) -> shapes.Review | None:
    """What its actor has to read first while it is theirs again (C36, C38)."""
    said = step.remark
    if said is None or step.state not in WITH_ACTOR:
        return None
    return shapes.Review(
        message=said["message"], by=said["by"], at=datetime.fromisoformat(said["at"]), fields=said["fields"]
    )


def _pages(rule: Any, asked: dict[str, Any]) -> list[shapes.FormPage]:
    """The flow's pages; what none of them names follows on the last, and a step without pages is one."""
    pages = [
        shapes.FormPage(key=key, title=page.title, fields=[name for name in page.fields if name in asked])
        for key, page in rule.pages.items()
    ]
    placed = {name for page in pages for name in page.fields}
    rest = [name for name in asked if name not in placed]
    if not pages:
        return [shapes.FormPage(key="p1", title=rule.title, fields=rest)]
    pages[-1].fields.extend(rest)
    return pages


def question(name: str, field: Any) -> shapes.Field:
    options = getattr(field, "options", None)
    item = getattr(field, "item", None)
    return shapes.Field(
        key=name,
        type=field.type,
        label=field.label,
        hint=field.hint,
        required=bool(field.required),
        sensitive=bool(field.sensitive),
        when=field.when,
        show_if=small_form(field.when),
        options=[shapes.Option(value=value, label=label) for value, label in options.items()] if options else None,
        lookup=source_of(field),
        min=field.min,
        max=field.max,
        max_length=field.max_length,
        pattern=field.pattern,
        max_items=field.max_items,
        max_mb=field.max_mb,
        accept=list(field.accept) if field.accept else None,
        currency=field.currency,
        fields=[question(key, inner) for key, inner in item.items()] if item else None,
    )
