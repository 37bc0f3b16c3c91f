"""Task instances: the list, one with its steps, and its timeline (A15 to A23, A33)."""

from __future__ import annotations

from flows import access
from flows.actions import versions
from flows.models import Instance
from flows.queries import grid, parties, timeline
from flows.rules.errors import Refused
from portal.api import asked, cursors, draw_instance, draw_order, shapes
from portal.api.door import LANGUAGE, Answer, Call, operation, page


@operation(
    "GET", "/instances", who="signed_in", gives=shapes.Page[shapes.InstanceSummary], refusals=("cursor-mismatch",)
)
def list_instances(call: Call, query: asked.InstanceList) -> Answer:
    """Tasks, the newest first. `turn` is todo, with_us or done."""
    filters = grid.Filters(
        search=query.q,
        status=[status.capitalize() for status in query.status.split(",") if status],
        kind=query.kind,
        customer=query.customer_id,
        turn=query.turn,
    )
    found = grid.tasks(call.actor, call.now, filters, cursors.opened(query.cursor), query.limit)
    who = parties.of_many(
        call.actor, (row.organisation_id for row in found.rows), (row.assignee_id for row in found.rows)
    )
    rows = [
        draw_instance.summary(call.actor, row, versions.definition_of(call.session, row), who, call.now)
        for row in found.rows
    ]
    sealed = cursors.seal(found.next_cursor)
    return page(shapes.Page[shapes.InstanceSummary](data=rows, next_cursor=sealed), sealed)


@operation("GET", "/instances/<instance_id>", who="signed_in", gives=shapes.Instance, refusals=("not-found",))
def get_instance(call: Call, instance_id: str, query: asked.Including) -> Answer:
    """One task; `include=steps` brings its steps with their forms."""
    instance = _guided(access.instance_to_read(call.actor, instance_id))
    who = _parties(call, instance)
    definition = versions.definition_of(call.session, instance)
    steps = (
        draw_instance.steps_of(call.session, call.actor, instance, call.now, instance.steps) if query.include else None
    )
    drafts = (
        [step.draft_saved_at.isoformat() for step in instance.steps if step.draft_saved_at] if query.include else []
    )
    tag = draw_instance.instance_tag(instance, call.now, LANGUAGE, query.include, *drafts)
    return Answer(draw_instance.detail(call.actor, instance, definition, who, call.now, steps), etag=tag)


@operation(
    "GET",
    "/instances/<instance_id>/history",
    who="signed_in",
    gives=shapes.Page[shapes.TimelineEntry],
    refusals=("not-found", "cursor-mismatch"),
)
def list_history(call: Call, instance_id: str, query: asked.Paged) -> Answer:
    """What happened, the oldest first."""
    instance = _guided(access.instance_to_read(call.actor, instance_id))
    start = int(cursors.opened(query.cursor) or 0)  # a timeline only grows at its end, so a place in it stays
    lines = timeline.of_instance(call.actor, instance)
    more = start + query.limit < len(lines)
    sealed = cursors.seal(str(start + query.limit) if more else None)
    shown = [draw_order.entry(line) for line in lines[start : start + query.limit]]
    return page(shapes.Page[shapes.TimelineEntry](data=shown, next_cursor=sealed), sealed)


def _guided(instance: Instance) -> Instance:
    """Cases and tasks of departments have addresses of their own (`portal.api.of_cases`)."""
    if instance.state is not None:
        raise Refused("No such task")
    return instance


def _parties(call: Call, instance: Instance) -> parties.Parties:
    return parties.of_one(
        call.actor, instance.organisation_id, [instance.customer_id, instance.assignee_id, instance.creator_id]
    )
