"""Task instances: the list, one with its steps, its timeline, its end and its rating (A15 to A23, A33, Q28, Q29)."""

from __future__ import annotations

from collections.abc import Collection

from flows import access
from flows.actions import closing, rating, reopening, versions
from flows.models import Instance
from flows.queries import family, listing, parties, timeline, unread
from flows.rules.errors import Refused
from flows.words import gettext as _
from portal.api import asked, cursors, draw_family, draw_instance, draw_order, languages, of_talk, shapes
from portal.api.asked_of_talk import MessagesWanted
from portal.api.door import Answer, Call, Made, counted_page, operation, page
from portal.api.etags import wanted_version
from portal.pages.outcome import pdf_of

ENDED = ("instance-closed", "invalid-transition")


@operation(
    "GET",
    "/instances",
    who="signed_in",
    gives=shapes.CountedPage[shapes.InstanceSummary],
    refusals=("cursor-mismatch",),
)
def list_instances(call: Call, query: asked.InstanceList) -> Answer:
    """Tasks, the newest first; those still to do by when they have to be done. `turn` is todo, with_us or done."""
    wanted = listing.Wanted(
        search=query.q,
        status=_several(query.status),
        turn=query.turn,
        kind=query.kind,
        customer=query.customer_id,
        agent=query.agent,
        flow=query.flow,
        source=_several(query.source),
        due_from=query.due_from,
        due_before=query.due_before,
        updated_since=query.updated_since,
        sort=query.sort,
        count=query.count,
    )
    found = listing.listed(call.actor, call.now, wanted, cursors.opened(query.cursor), query.limit)
    waiting = unread.of_page(call.actor, found.rows)
    rows = [
        draw_instance.summary(call.actor, row, versions.in_lists(call.session, row), call.now, waiting.get(row.id, 0))
        for row in found.rows
    ]
    return counted_page(shapes.InstanceSummary, rows, found)


@operation("GET", "/instances/<instance_id>", who="signed_in", gives=shapes.Instance, refusals=("not-found",))
def get_instance(call: Call, instance_id: str, query: asked.Including) -> Answer:
    """One task; `include=steps,messages` brings its steps with their forms, and the newest of its conversation."""
    return whole(call, _guided(access.instance_to_read(call.actor, instance_id)), _several(query.include))


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


@operation(
    "GET", "/instances/<instance_id>/summary.pdf", who="signed_in", gives=None, gives_bytes=True,
    refusals=("not-found",),
)  # fmt: skip
def get_summary_as_pdf(call: Call, instance_id: str) -> Answer:
    """A copy to keep, as a PDF: what was asked, answered and decided so far; private answers stay masked."""
    instance = _guided(access.instance_to_read(call.actor, instance_id))
    raw = pdf_of(call.actor, instance, call.now)
    return Answer(made=Made(raw, "application/pdf", f"{instance.reference}.pdf"))


def _guided(instance: Instance) -> Instance:
    """Cases and tasks of departments have addresses of their own (`portal.api.of_cases`)."""
    if instance.state is not None:
        raise Refused(_("No such task"))
    return instance


@operation(
    "POST",
    "/instances/<instance_id>/cancel",
    who="signed_in",
    gives=shapes.Instance,
    key="required",
    if_match="accepted",
    etag_kind="ti",
    refusals=("not-found", "forbidden", "stale-version", *ENDED),
)
def cancel_instance(call: Call, instance_id: str, body: asked.Reason) -> Answer:
    """Cancel a request: staff, or its customer where the flow lets them and nobody of ours has begun."""
    instance = to_change(call, instance_id)
    closing.cancel_request(call.work, instance, body.reason)
    return whole(call, instance)


@operation(
    "PUT",
    "/instances/<instance_id>/rating",
    who="signed_in",
    gives=shapes.Instance,
    refusals=("not-found", "forbidden", *ENDED),
)
def rate_instance(call: Call, instance_id: str, body: asked.Rated) -> Answer:
    """Say how it was, from 1 to the flow's scale; it may be changed for 7 days."""
    instance = to_change(call, instance_id)
    rating.rate(call.work, instance, body.score, body.comment)
    return whole(call, instance)


@operation(
    "POST",
    "/instances/<instance_id>/reopen_request",
    who="customer",
    gives=shapes.Instance,
    key="required",
    if_match="accepted",
    etag_kind="ti",
    refusals=("not-found", "forbidden", "stale-version", "rate-limited", *ENDED),
)
def ask_to_reopen(call: Call, instance_id: str, body: asked.Reason) -> Answer:
    """Ask, within 14 days of its end, that a request is taken up again; staff hear of it and decide."""
    instance = to_change(call, instance_id)
    reopening.ask(call.work, instance, body.reason)
    return whole(call, instance)


def to_change(call: Call, instance_id: str) -> Instance:
    """The instance, locked; Stale (412) when it is not the one that If-Match names."""
    instance = _guided(access.instance_to_change(call.work, instance_id))
    access.check_version(instance, wanted_version("ti"))
    return instance


def whole(
    call: Call, instance: Instance, include: Collection[str] = (), status: int = 200, location: str = ""
) -> Answer:
    """The instance as it is now, with its tag."""
    if call.is_writing:
        call.session.flush()
    parties.know(call.actor, instance, Instance.parent)
    definition = languages.definition_of(call.session, instance)
    steps, said, beside = None, None, []
    if "steps" in include:
        steps = draw_instance.steps_of(call.session, call.actor, instance, call.now, instance.steps)
        beside = [step.draft_saved_at.isoformat() for step in instance.steps if step.draft_saved_at]
    if "messages" in include:
        said = of_talk.conversation(call, instance, MessagesWanted())
        beside += [f"{said.last_seq}-{said.read_up_to}-{said.read_by_others_up_to}"]
    waiting = said.unread if said is not None else unread.of_page(call.actor, [instance]).get(instance.id, 0)
    below = family.children(call.actor, instance, definition)
    beside += [f"{one.uid}-{one.version}" for one in below]
    drawn_below = draw_family.children(call.session, below, call.now)
    drawn = draw_instance.detail(
        call.session, call.actor, instance, definition, call.now, waiting, drawn_below, steps, said
    )
    tag = draw_instance.instance_tag(instance, call.now, *sorted(include), waiting, *beside)
    return Answer(drawn, status, {"Location": location} if location else {}, tag)


def _several(words: str) -> tuple[str, ...]:
    return tuple(word for word in words.split(",") if word)
