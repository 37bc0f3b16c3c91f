"""A phone keeps a copy and asks what changed since: GET /sync (D5, ADR 0016)."""

from __future__ import annotations

from flows.queries import changes, copies
from flows.queries.changes import Kind
from portal.api import asked, draw_sync, of_me, sync_cursors
from portal.api.door import Answer, Call, operation
from portal.api.shapes.sync import Changes

CHANGING = (Kind.INSTANCE, Kind.TIMELY)
KINDS = {
    "account": (Kind.ACCOUNT,),
    "instance": (*CHANGING, Kind.READING),
    "case": CHANGING,
    "task": CHANGING,
    "order": (*CHANGING, Kind.ORDER),
    "draft": (*CHANGING, Kind.DRAFT),
    "message": (Kind.MESSAGE,),
    "notification": (Kind.NOTICE,),
}
"""What to look at for each type: an order shows its tasks, and a request that ends hides answers of its drafts."""


@operation("GET", "/sync", who="signed_in", gives=Changes, refusals=("cursor-mismatch", "sync-cursor-expired"))
def sync(call: Call, query: asked.SyncWanted) -> Answer:
    """What changed for me since `cursor`, each thing in its newest state; without one, all there is."""
    types = set(query.types.split(",")) - {""} or set(KINDS)
    place = sync_cursors.beginning(call.actor, query.cursor, call.now)
    kinds = {kind for one in types for kind in KINDS[one]}
    found = changes.since(call.actor, place.walk, kinds, query.limit)
    scope = sync_cursors.check(call.actor, place, found)
    lost = set(place.scope) - set(found.accounts) if isinstance(place.scope, list) else set()
    rows = copies.read(call.actor, found, lost, with_orders="order" in types)
    return Answer(
        Changes(
            changes=draw_sync.changes(call, rows, types, full=not place.since),
            cursor=sync_cursors.seal(place.next(found, scope)),
            has_more=found.more,
            full=not place.since,
            server_time=call.now,
            summary=None if found.more else of_me.numbers(call),
        )
    )
