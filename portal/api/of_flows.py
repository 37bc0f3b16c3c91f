"""The catalogue of flows: what I may start, what it asks for, and starting it (P11, C10)."""

from __future__ import annotations

from collections.abc import Mapping

from flows.actions import beginning, planning
from flows.catalogue import LoadedFlow
from flows.catalogue.schema import FlowField
from flows.lookups import Place
from flows.queries import lookups, startable
from flows.rules import payments
from flows.rules.actors import Actor
from flows.rules.private import fields_at_start
from portal.api import asked, draw_instance, draw_links, languages, reading, shapes
from portal.api.door import BASE, Answer, Call, operation
from portal.api.of_instances import whole
from portal.api.shapes.flows import AmountAsked, Flow, FlowSummary, OpenInstance

START_AT = {
    (False, False): "/instances", (False, True): "/cases", (True, False): "/staff/instances", (True, True): "/tasks",
}  # fmt: skip
"""By whether staff ask, and whether the flow is driven by hand."""


@operation("GET", "/flows", who="signed_in", gives=shapes.Page[FlowSummary])
def list_flows(call: Call, query: asked.FlowList) -> Answer:
    """What I may start, by title: customers what they may request, staff what they may assign."""
    found = startable.searched(_mine(call.actor, query.by_hand), query.q)
    rows = [_summary(call.actor, loaded) for loaded in found]
    if query.requestable is not None:
        rows = [row for row in rows if row.requestable == query.requestable]
    return Answer(shapes.Page[FlowSummary](data=rows))


@operation(
    "GET", "/flows/<slug>", who="signed_in", gives=Flow, refusals=("not-found", "forbidden", "invalid-transition")
)
def get_flow(call: Call, slug: str) -> Answer:
    """What to know before starting: what is asked first, how many steps follow, by when it is done."""
    staff = call.actor.is_staff
    loaded = startable.startable(call.actor, slug, "staff" if staff else "customer")
    flow, mine = languages.flow_of(loaded), [] if staff else startable.for_whom(call.actor)
    zone = mine[0].time_zone if len(mine) == 1 else call.actor.time_zone
    drawn = Flow(
        **_summary(call.actor, loaded).model_dump(),
        help_text=flow.help.text if flow.help else None,
        help_url=flow.help.url if flow.help else None,
        fields=_questions(call, flow.start.fields, zone),
        inputs=_questions(call, flow.start.inputs, zone) if staff else [],
        amounts=[
            AmountAsked(step=step, title=flow.steps[step].title, currency=currency)
            for step, currency in (payments.amounts_asked(flow) if staff else {}).items()
        ],
        steps_for_you=sum(step.actor == "customer" for step in flow.steps.values()),
        reviewed=any(step.approval for step in flow.steps.values()),
        done_by=planning.moment_of(flow.deadline, call.now, zone),
        customers=[shapes.Named(id=one.uid, name=one.name) for one in mine],
        open_instances=[
            OpenInstance(id=one.uid, reference=one.reference, links=draw_links.of_instance(call.actor, one))
            for one in (() if staff else startable.open_ones(call.actor, flow.flow))
        ],
    )
    return Answer(drawn)


@operation(
    "POST",
    "/instances",
    who="customer",
    gives=shapes.Started,
    status=201,
    key="required",
    refusals=("forbidden", "invalid-transition"),
)
def start_instance(call: Call, body: asked.NewInstance) -> Answer:
    """Start a requestable flow. `customer_id` says for whom; without it for my only organisation."""
    customer = startable.customer_named(call.actor, body.customer_id)
    with reading.named(fields="answers", organisation="customer_id"):
        instance = beginning.start_by_customer(call.work, body.flow, customer, body.answers)
    call.session.flush()
    answer = whole(call, instance, location=f"{BASE}/instances/{instance.uid}")
    started = shapes.Started(**dict(answer.body or ()), client_id=body.client_id)
    return Answer(started, 201, answer.headers, answer.etag)


def _questions(call: Call, asked_at_start: Mapping[str, FlowField], zone: str) -> list[shapes.Field]:
    """What is asked at the start. There is no instance to look up choices in, so the first 20 stand here."""
    fields = fields_at_start(call.actor, asked_at_start)
    found = lookups.choices(call.session, Place(call.now, zone), fields, {}, {})
    drawn = [draw_instance.question(name, field) for name, field in fields.items()]
    for one in drawn:
        if one.key in found:
            one.options = [shapes.Option(value=value, label=label) for value, label in found[one.key].pairs]
    return drawn


def _mine(actor: Actor, by_hand: bool) -> list[LoadedFlow]:
    if by_hand:
        return startable.by_hand(actor)
    return startable.assignable(actor) if actor.is_staff else startable.requestable(actor)


def _summary(actor: Actor, loaded: LoadedFlow) -> FlowSummary:
    flow = languages.flow_of(loaded)
    return FlowSummary(
        slug=flow.flow,
        title=flow.title,
        kind=flow.type or "",
        summary=flow.summary or "",
        keywords=list(flow.keywords),
        requestable=actor.kind == "customer",
        start_at=START_AT[actor.is_staff, bool(flow.states)],
    )
