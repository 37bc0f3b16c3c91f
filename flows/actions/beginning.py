"""A flow begun by a person: staff for a tenant, a customer for themselves, or the one who accepts an invitation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from flows import access, catalogue, settings
from flows.actions import answering, attaching, participating, sealing, standing_in, starting
from flows.catalogue import LoadedFlow, ways
from flows.catalogue.schema import FlowField
from flows.catalogue.ways import Way
from flows.clock import clock
from flows.events import ChildStarted
from flows.lookups import Place
from flows.models import FlowSwitch, Instance, Membership, Organisation, User
from flows.models.instances import PRIORITIES
from flows.rules import answers, payments, private
from flows.rules.errors import Invalid, OutOfStep, Problem, Refused
from flows.words import gettext as _
from flows.work import Work

LONGEST_MESSAGE = 2000


@dataclass(frozen=True)
class Wish:
    """What staff say about a new instance besides the flow and the tenant (C26, C27).

    `inputs` and `fields` are raw answers, `amounts` minor units by payment step, `assignee` a user's opaque id.
    `parent` is the reference of the case that a task is made on; an internal one is not shown to the case's customer.
    """

    assignee: str = ""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    amounts: Mapping[str, int | None] = field(default_factory=dict)
    due_at: datetime | None = None
    message: str = ""
    parent: str = ""
    is_internal: bool = False
    priority: str = "normal"


def start_by_staff(work: Work, flow: str, customer: str, wish: Wish = Wish()) -> Instance:
    """*Create* of "New task instance" (C23 to C28; needs `create`). `customer`: opaque id of a person or organisation.

    Raises Invalid with every problem, OutOfStep for a flow that staff may not start (C24).
    """
    access.require(work.actor, "create")
    loaded = startable(work, flow, "staff")
    checked = _checked(work, loaded, wish)
    parent = access.instance_to_change(work, wish.parent) if wish.parent else None
    for_whom = _for_whom(work, loaded, customer, parent, checked.problems)
    assignee = _assignee_named(work, wish.assignee, checked.problems)
    if wish.priority not in PRIORITIES:
        checked.problems.append(
            Problem("/priority", "choice", _("Choose %(priorities)s", priorities=", ".join(PRIORITIES)))
        )
    if parent is not None and not parent.is_open:
        checked.problems.append(
            Problem("/parent", "closed", _("%(reference)s has ended already", reference=parent.reference))
        )
    if checked.problems:
        raise Invalid(checked.problems)
    made = starting.start(
        work,
        loaded,
        source="staff",
        for_whom=for_whom,
        assignee=assignee,
        inputs=checked.inputs,
        amounts=checked.amounts,
        due_at=wish.due_at,
        message=wish.message.strip(),
        parent=parent,
        is_internal=wish.is_internal and parent is not None,
        priority=wish.priority,
    )
    attaching.attach_answers(work, made, "", loaded.definition.start.questions, checked.inputs)
    if parent is not None:
        work.session.flush()
        participating.take_part(work, parent, work.actor.user_id)
        work.record(parent, ChildStarted(made.reference, made.title))
    return made


def _for_whom(
    work: Work, loaded: LoadedFlow, customer: str, parent: Instance | None, problems: list[Problem]
) -> Organisation | User | None:
    """A task on a case is for the customer of the case; work inside the house needs no customer."""
    if parent is not None:
        return work.session.get_one(Organisation, parent.organisation_id)
    if not customer and loaded.definition.states and not loaded.definition.start.customer:
        return house(work)
    return _customer_named(work, customer, problems)


def house(work: Work) -> Organisation:
    """The operator's own organisation: it owns what no customer is behind."""
    found = work.session.scalar(select(Organisation).where(Organisation.kind == "house").order_by(Organisation.id))
    if found is None:
        product = settings.current()
        found = Organisation(
            name=product.brand, slug="house", kind="house", time_zone=product.time_zone, created_at=clock.wall()
        )
        work.session.add(found)
        work.session.flush()
    return found


def start_by_customer(work: Work, flow: str, organisation: str, given: Mapping[str, Any]) -> Instance:
    """A customer starts a request for an organisation of theirs (Tenant Requested, C10); `given` are raw answers.

    Raises Invalid with every problem, OutOfStep for a flow that customers may not start.
    """
    loaded = startable(work, flow, "customer")
    if work.actor.kind != "customer":
        raise Refused(_("Only customers request for themselves"), known=True)
    checked = _checked(work, loaded, Wish(fields=given), by_customer=True)
    mine = access.visible_organisations(work.actor).where(Organisation.uid == access.clean(organisation))
    for_whom = work.session.scalar(mine)
    if for_whom is None:
        checked.problems.append(Problem("/organisation", "choice", _("Choose for whom it is")))
    if checked.problems:
        raise Invalid(checked.problems)
    instance = starting.start(work, loaded, source="customer", for_whom=for_whom, inputs=checked.inputs)
    if instance.organisation.kind == "household":
        instance.customer_id = work.actor.user_id
    attaching.attach_answers(work, instance, "", loaded.definition.start.questions, checked.inputs)
    return instance


def start_invited(
    work: Work, begins: Mapping[str, Any], person: User, organisation: Organisation, invited_by: int | None = None
) -> Instance | None:
    """The flow of an accepted invitation begins (Onboarding, C10); what staff said was checked when they invited.

    None, and a line in the audit log, when the flow cannot be started any more: joining must not fail for it.
    """
    try:
        loaded = startable(work, str(begins["flow"]), "onboarding")
    except (OutOfStep, Invalid) as refusal:
        work.audit("onboarding_not_started", person.email, flow=begins.get("flow"), why=refusal.detail)
        return None
    assignee = _assignee_named(work, str(begins.get("assignee") or ""), [])
    instance = starting.start(
        work,
        loaded,
        source="onboarding",
        for_whom=organisation,
        assignee=assignee,
        inputs=sealing.opened(loaded.definition.start.questions, begins.get("inputs") or {}),
        amounts=begins.get("amounts") or {},
        message=str(begins.get("message") or ""),
    )
    instance.customer_id, instance.creator_id = person.id, invited_by
    return instance


def begins_with(work: Work, flow: str, wish: Wish) -> dict[str, Any]:
    """What an invitation keeps about the flow that it starts; raises Invalid with every problem (needs `create`)."""
    access.require(work.actor, "create")
    loaded = startable(work, flow, "onboarding")
    checked = _checked(work, loaded, wish, with_files=False)  # none would wait so long for an answer
    _assignee_named(work, wish.assignee, checked.problems)
    if checked.problems:
        raise Invalid(checked.problems)
    return {
        "flow": flow,
        "inputs": sealing.seal(loaded.definition.start.questions, checked.inputs),
        "amounts": checked.amounts,
        "assignee": wish.assignee,
        "message": wish.message.strip(),
    }


def startable(work: Work, flow: str, way: Way) -> LoadedFlow:
    """The loaded flow, if it may be started in this way; OutOfStep says why not (C24)."""
    loaded = catalogue.current().flows.get(flow)
    if loaded is None:
        if broken := catalogue.current().broken_flow(flow):
            raise OutOfStep(ways.broken_words(broken))
        raise Invalid(_("Choose a flow from the list"), "/flow", "choice")
    switch = work.session.scalar(select(FlowSwitch).where(FlowSwitch.flow == flow))
    why_not = ways.refusal(loaded, switch, way)
    if why_not is not None:
        raise OutOfStep(why_not)
    return loaded


@dataclass
class _Checked:
    inputs: dict[str, Any]
    amounts: dict[str, int]
    problems: list[Problem]


def _checked(
    work: Work, loaded: LoadedFlow, wish: Wish, by_customer: bool = False, with_files: bool = True
) -> _Checked:
    """Every answer and amount, clean; a customer gives no inputs and no amounts."""
    start = loaded.definition.start
    context = answering.choosing(work.session, Place(work.now, work.actor.time_zone))
    found = _Checked({}, {}, [])
    for part, fields, given in (("inputs", start.inputs, wish.inputs), ("fields", start.fields, wish.fields)):
        if by_customer and part == "inputs":
            continue
        fields = private.fields_at_start(work.actor, fields)
        if not with_files:
            found.problems += [_no_file(name, field) for name, field in fields.items() if _needs_file(field)]
            fields = {name: field for name, field in fields.items() if field.type != "file"}
        uploads = attaching.check_of(work, None, "", fields, given) if with_files else None
        checked = answers.check(fields, given, replace(context, uploads=uploads))
        found.inputs.update(checked.values)
        found.problems += [replace(one, pointer=f"/{part}{one.pointer}") for one in checked.problems]
    if not by_customer:
        found.amounts, wrong = payments.check_amounts(loaded.definition, wish.amounts)
        found.problems += wrong
    if len(wish.message) > LONGEST_MESSAGE:
        found.problems.append(
            Problem(
                "/message",
                "too-long",
                _("Use %(longest_message)s characters at most", longest_message=f"{LONGEST_MESSAGE:,}"),
            )
        )
    if wish.due_at is not None and wish.due_at <= work.now:
        found.problems.append(Problem("/due_at", "past", _("Enter a date in the future")))
    return found


def _needs_file(field: FlowField) -> bool:
    return field.type == "file" and bool(field.required)


def _no_file(name: str, field: FlowField) -> Problem:
    detail = _(
        "This flow needs a file at its start (%(field)s). Invite the tenant to another one, and begin it then",
        field=field.label,
    )
    return Problem("/flow", "files", detail, {"field": name})


def amounts_asked(loaded: LoadedFlow) -> dict[str, str]:
    """The Payment Amounts that a new instance needs: step -> currency (C27)."""
    return payments.amounts_asked(loaded.definition)


def _customer_named(work: Work, uid: str, problems: list[Problem]) -> Organisation | User | None:
    wanted = access.clean(uid)
    row: Organisation | User | None = None
    if wanted.startswith("usr_"):
        belongs = select(Membership.id).where(Membership.user_id == User.id).exists()
        people = select(User, belongs).where(User.uid == wanted, User.kind == "customer", User.is_active)
        row, has_home = work.session.execute(people).one_or_none() or (None, False)
        if row is not None and not has_home:
            problems.append(
                Problem("/customer", "nobody", _("%(name)s belongs to no household or company", name=row.name))
            )
    elif wanted:
        row = work.session.scalar(access.visible_organisations(work.actor).where(Organisation.uid == wanted))
    if row is None:
        problems.append(Problem("/customer", "required", _("Choose for whom it is")))
    return row


def _assignee_named(work: Work, uid: str, problems: list[Problem]) -> User | None:
    if not uid:
        return None
    user = work.session.scalar(select(User).where(User.uid == access.clean(uid), User.kind == "staff", User.is_active))
    if user is None:
        problems.append(Problem("/assignee", "choice", _("Choose a colleague who can sign in")))
        return None
    return standing_in.who_is_there(work.session, user, work.now)
