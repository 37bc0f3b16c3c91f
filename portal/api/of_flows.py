"""The catalogue of flows: what I may start, what it asks for, and starting it (P11, C10)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from flows.actions import beginning, planning, versions
from flows.catalogue import FlowDefinition, LoadedFlow
from flows.lookups import Place
from flows.models import Instance, Organisation
from flows.queries import lookups, startable
from flows.rules.actors import Actor
from flows.rules.errors import Invalid, Problem
from flows.rules.private import fields_at_start
from portal.api import asked, draw_instance, shapes
from portal.api.door import BASE, LANGUAGE, Answer, Call, operation
from portal.api.shapes.flows import Flow, FlowSummary, OpenInstance


@operation("GET", "/flows", who="signed_in", gives=shapes.Page[FlowSummary])
def list_flows(call: Call, query: asked.FlowList) -> Answer:
    """What I may start, by title: customers what they may request, staff what they may assign."""
    found = startable.searched(_mine(call.actor), query.q)
    rows = [_summary(call.actor, loaded) for loaded in found]
    if query.requestable is not None:
        rows = [row for row in rows if row.requestable == query.requestable]
    return Answer(shapes.Page[FlowSummary](data=rows))


@operation("GET", "/flows/<slug>", who="customer", gives=Flow, refusals=("not-found", "invalid-transition"))
def get_flow(call: Call, slug: str) -> Answer:
    """What to know before starting: what is asked first, how many steps follow, by when it is done."""
    loaded = startable.startable(call.actor, slug, "customer")
    flow, mine = loaded.definition, startable.for_whom(call.actor)
    zone = mine[0].time_zone if len(mine) == 1 else call.actor.time_zone
    drawn = Flow(
        **_summary(call.actor, loaded).model_dump(),
        help_text=flow.help.text if flow.help else None,
        help_url=flow.help.url if flow.help else None,
        fields=_questions(call, flow, zone),
        steps_for_you=sum(step.actor == "customer" for step in flow.steps.values()),
        reviewed=any(step.approval for step in flow.steps.values()),
        done_by=planning.moment_of(flow.deadline, call.now, zone),
        customers=[shapes.Named(id=one.uid, name=one.name) for one in mine],
        open_instances=[
            OpenInstance(id=one.uid, reference=one.reference, links=draw_instance.web_links(one))
            for one in startable.open_ones(call.actor, flow.flow)
        ],
    )
    return Answer(drawn)


@operation(
    "POST",
    "/instances",
    who="customer",
    gives=shapes.Instance,
    status=201,
    key="required",
    refusals=("forbidden", "invalid-transition"),
)
def start_instance(call: Call, body: asked.NewInstance) -> Answer:
    """Start a requestable flow. `customer_id` says for whom; without it for my only organisation."""
    mine: list[Organisation] = [*startable.for_whom(call.actor)] if body.customer_id is None else []
    customer = body.customer_id or (mine[0].uid if len(mine) == 1 else "")
    with in_the_body():
        instance = beginning.start_by_customer(call.work, body.flow, customer, body.answers)
    call.session.flush()
    drawn = _drawn(call, instance)
    tag = draw_instance.instance_tag(instance, call.now, LANGUAGE, "")
    return Answer(drawn, 201, {"Location": f"{BASE}/instances/{instance.uid}"}, tag)


def _questions(call: Call, flow: FlowDefinition, zone: str) -> list[shapes.Field]:
    """What is asked at the start. There is no instance to look up choices in, so the first 20 stand here."""
    fields = fields_at_start(call.actor, flow.start.fields)
    found = lookups.choices(call.session, Place(call.now, zone), fields, {}, {})
    drawn = [draw_instance.question(name, field) for name, field in fields.items()]
    for one in drawn:
        if one.key in found:
            one.options = [shapes.Option(value=value, label=label) for value, label in found[one.key].pairs]
    return drawn


def _mine(actor: Actor) -> list[LoadedFlow]:
    return startable.assignable(actor) if actor.is_staff else startable.requestable(actor)


def _summary(actor: Actor, loaded: LoadedFlow) -> FlowSummary:
    flow = loaded.definition
    return FlowSummary(
        slug=flow.flow,
        title=flow.title,
        kind=flow.type or "",
        summary=flow.summary or "",
        keywords=list(flow.keywords),
        requestable=actor.kind == "customer",
    )


@contextmanager
def in_the_body() -> Iterator[None]:
    """Where a problem lies in what was sent: the verbs speak of fields, the organisation and the assignee."""
    try:
        yield
    except Invalid as wrong:
        raise Invalid([_named(one) for one in wrong.problems]) from None


def _named(one: Problem) -> Problem:
    part, _, rest = one.pointer.removeprefix("/").partition("/")
    names = {"fields": "answers", "organisation": "customer_id", "assignee": "assignee_id", "parent": "case_id"}
    named = f"/{names.get(part, part)}"
    return replace(one, pointer=f"{named}/{rest}" if rest else named)


def _drawn(call: Call, instance: Instance) -> shapes.Instance:
    call.session.flush()
    definition = versions.definition_of(call.session, instance)
    return draw_instance.detail(call.session, call.actor, instance, definition, call.now, None)
