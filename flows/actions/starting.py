"""A flow begins for a customer: by an event (System), by staff, by the customer, or with an invitation."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from flows import catalogue
from flows.actions import distributing, owing, participating, planning, sealing, settling, staging, versions
from flows.actions.assigning_by_rule import department_named, user_named
from flows.actions.scope import filled
from flows.catalogue import FlowDefinition, LoadedFlow, ways
from flows.events import InstanceStarted
from flows.log import Log
from flows.models import Department, Instance, Membership, Organisation, Step, User
from flows.models.base import opaque_id
from flows.rules.errors import Invalid, OutOfStep
from flows.rules.expressions import compile_condition, compile_text
from flows.words import gettext as _
from flows.work import Work

log = Log(__name__)

Known = Mapping[str, Organisation | User]
"""Rows that the caller has at hand, by opaque id, so that nobody reads them twice."""


def start_for_event(work: Work, event: str, payload: Mapping[str, Any], subject: str, known: Known) -> list[Instance]:
    """Start every flow that begins with this event and whose condition holds (A2, A4); `subject` is what it is about.

    Idempotent by `once_per`: the same event delivered again starts nothing (Q3). OutOfStep when a flow that it would
    have started as last published is broken now: an order without its questions would be worse than one that waits.
    """
    _refuse_broken(work, event, payload)
    started = []
    for loaded in catalogue.current().flows_started_by(event):
        rule = loaded.definition.start
        if rule.if_ is not None and not compile_condition(rule.if_).holds(payload):
            continue
        if (instance := start_once(work, loaded, payload, subject, known)) is not None:
            started.append(instance)
    return started


def _refuse_broken(work: Work, event: str, payload: Mapping[str, Any]) -> None:
    for broken in catalogue.current().broken:
        if not broken.flow or broken.flow in catalogue.current().flows:
            continue
        text = versions.newest_text(work.session, broken.flow)
        if text is None or not _would_start(text, event, payload):
            continue
        log.error("flow_not_started", flow=broken.flow, file=broken.file, on=event)
        raise OutOfStep(ways.broken_words(broken))


def _would_start(text: str, event: str, payload: Mapping[str, Any]) -> bool:
    """Whether a published text begins with this event; one that cannot be read may, where it names the event."""
    try:
        rule = catalogue.parse_stored(text).start
    except ValueError:
        return event in text
    return rule.event == event and (not rule.if_ or bool(compile_condition(rule.if_).holds(payload)))


def start_once(
    work: Work, loaded: LoadedFlow, payload: Mapping[str, Any], subject: str, known: Known
) -> Instance | None:
    """Start one flow by its event whatever its condition says; None when `once_per` says that this was done (Q3)."""
    rule = loaded.definition.start
    once_key = str(compile_text(rule.once_per).render(payload)) if rule.once_per else None
    if once_key is not None and exists(work, loaded.definition.flow, once_key):
        return None
    for_whom = one_named(work, compile_text(rule.for_).render(payload), known) if rule.for_ else None
    assignee = (
        one_named(work, compile_text(rule.assign).render(payload), known) if _names_a_person(rule.assign) else None
    )
    return start(
        work,
        loaded,
        source="event",
        for_whom=for_whom,
        assignee=assignee if isinstance(assignee, User) else None,
        inputs={name: payload[name] for name in rule.inputs if name in payload},
        once_key=once_key,
        subject=subject,
    )


def start(
    work: Work,
    loaded: LoadedFlow,
    *,
    source: str,
    for_whom: Organisation | User | None,
    person: User | None = None,
    assignee: User | None = None,
    department: Department | None = None,
    inputs: Mapping[str, Any] | None = None,
    amounts: Mapping[str, int] | None = None,
    due_at: datetime | None = None,
    message: str = "",
    once_key: str | None = None,
    subject: str | None = None,
    parent: Instance | None = None,
    is_internal: bool = False,
    priority: str = "normal",
    creator_id: int | None = None,
) -> Instance:
    """Begin a flow for an organisation, or for a person through the organisation they belong to (C1).

    The person who acts for the customer is `person`, else `for_whom` when it is a person, else an assignee who is a
    customer. `inputs` holds checked answers of the flow's `inputs` and `fields`, `amounts` minor units by payment step;
    `due_at` and `department` stand instead of the flow's, `creator_id` instead of whoever acts. Raises OutOfStep when
    the flow is archived, Invalid when nobody is meant.
    """
    definition = loaded.definition
    refuse_unready(loaded)
    if person is None:
        is_customer = assignee is not None and assignee.kind == "customer"
        person = for_whom if isinstance(for_whom, User) else assignee if is_customer else None
    organisation = for_whom if isinstance(for_whom, Organisation) else home_of(work, person)
    version = versions.publish(work, loaded)
    zone = person.time_zone if person is not None else organisation.time_zone
    instance = Instance(
        uid=opaque_id(_prefix(definition)),
        flow=definition.flow,
        flow_hash=loaded.content_hash,
        flow_version=version,
        organisation=organisation,
        organisation_id=organisation.id,
        title=title_of(definition, inputs or {}),
        kind=definition.type or "",
        source=source,
        once_key=once_key,
        subject=subject,
        parent_id=parent.id if parent is not None else None,
        is_internal=is_internal,
        priority=priority,
        inputs=sealing.seal(definition.start.questions, inputs or {}),
        links={},
        amounts=dict(amounts or {}),
        overlay={},
        waited={},
        reopenings=0,
        time_zone=zone,
        customer_id=person.id if person else None,
        customer_name=organisation.name,
        customer_address=organisation.address,
        creator_id=creator_id or work.actor.user_id,
        assignee_id=assignee.id if assignee else None,
        created_at=work.now,
        last_activity_at=work.now,
        event_seq=0,
        version=0,
        due_at=due_at or planning.moment_of(definition.deadline, work.now, zone),
        expires_at=planning.moment_of(definition.expires, work.now, zone),
    )
    _add_steps(instance, definition)
    work.session.add(instance)
    if definition.states:
        staging.begin(instance, definition)
    _give_to_department(work, instance, definition, department)
    if definition.states:
        participating.take_part(work, instance, instance.assignee_id)
        staging.follow_the_baton(work, instance)
    else:
        settling.settle(work, instance, definition)
    planning.plan(work, instance, definition)
    work.record(instance, InstanceStarted(definition.flow, source, message, _named_to(instance, parent)))
    given = instance.assignee_id
    owing.owe(work, instance, definition, "created", definition.effects_for("created"))
    if given is not None and given == instance.assignee_id and (assignee is None or assignee.kind == "staff"):
        owing.owe(work, instance, definition, "assigned.0", definition.effects_for("assigned"))
    return instance


def _prefix(definition: FlowDefinition) -> str:
    """`ti_` for guided requests, `ca_` for cases, `wt_` for tasks of departments (API.md 7)."""
    if not definition.states:
        return "ti"
    return "ca" if definition.type == "Case" else "wt"


def title_of(definition: FlowDefinition, inputs: Mapping[str, Any]) -> str:
    """What an instance is called: by its flow; one with states by the first line that it has to ask at the start."""
    lines = (
        inputs.get(name)
        for name, one in definition.start.fields.items()
        if one.type == "text" and one.required and not one.sensitive
    )
    own = next(lines, None) if definition.states else None
    return str(own)[:200] if own else definition.title


def _give_to_department(
    work: Work, instance: Instance, definition: FlowDefinition, department: Department | None
) -> None:
    """Into its department, and to whoever of it the flow gives it to (B13)."""
    rule = definition.start
    assign = rule.assign if instance.assignee_id is None else None
    if not rule.department and department is None and not assign:
        return
    work.session.flush()  # the instance has its number, and what it is asked by is there
    if rule.department and department is None:
        department = department_named(work, filled(work.session, instance, definition, rule.department, work.now))
    if department is not None:
        instance.department_id = department.id
        participating.stay(work, instance, department.id)
    if not assign:
        return
    if _names_a_person(assign):
        chosen = user_named(work, filled(work.session, instance, definition, assign, work.now))
    else:
        chosen = distributing.choose(work, assign, instance.department_id)
    instance.assignee_id = chosen.id if chosen is not None else None


def _named_to(instance: Instance, parent: Instance | None) -> str:
    """The reference of its parent, for whoever may read its timeline: not that of another customer."""
    return parent.reference if parent is not None and parent.organisation_id == instance.organisation_id else ""


def refuse_unready(loaded: LoadedFlow) -> None:
    """OutOfStep when a flow is archived."""
    why_not = ways.unready(loaded)
    if why_not is not None:
        raise OutOfStep(why_not)


def _add_steps(instance: Instance, definition: FlowDefinition) -> None:
    for position, (name, rule) in enumerate(definition.steps.items(), 1):
        instance.steps.append(
            Step(
                uid=opaque_id("st"),
                organisation_id=instance.organisation_id,
                name=name,
                position=position,
                actor=rule.actor,
                state="locked",
                attempt=0,
                version=0,
                answers={},
                labels={},
            )
        )


def exists(work: Work, flow: str, once_key: str) -> bool:
    """Whether an instance of this flow was started under this key (Q3)."""
    query = select(Instance.id).where(Instance.flow == flow, Instance.once_key == once_key)
    return work.session.scalar(query) is not None


def _names_a_person(assign: str | None) -> bool:
    return assign is not None and not compile_text(assign).is_constant


def one_named(work: Work, uid: Any, known: Known) -> Organisation | User:
    """The person or organisation with this opaque id; Invalid when there is none."""
    if uid in known:
        return known[uid]
    row: Organisation | User | None
    if str(uid).startswith("usr_"):
        row = work.session.scalar(select(User).where(User.uid == str(uid)))
    else:
        row = work.session.scalar(select(Organisation).where(Organisation.uid == str(uid)))
    if row is None:
        raise Invalid(_("%(uid)s is no customer and no person", uid=repr(uid)), code="unknown_customer")
    return row


def home_of(work: Work, person: User | None) -> Organisation:
    """The organisation that a person belongs to, the first of several; Invalid when there is none."""
    if person is None:
        raise Invalid(_("Say whom it is for: a flow that starts by itself needs `for`"), code="nobody")
    joined = select(Organisation).join(Membership, Membership.organisation_id == Organisation.id)
    home = work.session.scalar(joined.where(Membership.user_id == person.id).order_by(Membership.id).limit(1))
    if home is None:
        raise Invalid(_("%(name)s belongs to no organisation", name=person.name), code="nobody")
    return home
