"""The Task System for staff: the grid and totals that customers have, over everybody; and one task in full (A5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from flask import g, redirect, request
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from admin import clocks, linking, spreadsheets, talking, task_page
from admin.guard import door
from admin.past_page import LookingBack
from admin.revealing import Revealing
from admin.showing import GRID_TAGS, argument, show, task_tag, title_of
from flows import access
from flows.access import read_as
from flows.actions import versions
from flows.clock import clock
from flows.queries import grid, orders
from flows.queries.pages import MOST_A_PAGE
from flows.rules.errors import OutOfStep
from flows.words import gettext as _

STATUSES = (*grid.GRID_STATUSES, "Cancelled")
WITHIN = {"24": _l("24 hours"), "48": _l("48 hours"), "168": _l("7 days")}
COLUMNS = (
    _l("Reference"),
    _l("Name"),
    _l("Task type"),
    _l("Customer"),
    _l("Created"),
    _l("Expiration"),
    _l("Task status"),
)
MOST_EXPORTED = 10_000


class Tasks(LookingBack, Revealing):
    name, slug, needs = _l("Task System"), "tasks", "view"

    @door("/", needs="view")
    def index(self) -> Response:
        now, filters = clock.now(), _asked()
        return show(
            self,
            "tasks.html",
            filters=filters,
            within=argument("within", *WITHIN),
            withins=WITHIN,
            statuses={word: GRID_TAGS[word].words for word in STATUSES},
            totals=grid.totals(g.actor, now, filters),
            page=grid.tasks(g.actor, now, filters, argument("cursor") or None),
            kinds={kind: kind for kind in grid.kinds(g.actor)},
            customers=[(one.uid, one.name) for one in orders.customers(g.actor)],
            tag=lambda task: task_tag(task, now),
            may_complete=lambda task: grid.needs_action(task, now),
            query={
                "q": filters.search,
                "type": filters.kind,
                "customer": filters.customer,
                "within": argument("within", *WITHIN),
            },
        )

    @door("/export/csv/", needs="view")
    def export(self) -> Response:
        return spreadsheets.as_file("tasks", COLUMNS, _rows(clock.now()))

    @door("/<ref>", needs="view")
    def one(self, ref: str) -> Response:
        instance = access.instance_to_read(g.actor, ref)
        if instance.state is not None:
            return redirect(instance.staff_page, 303)
        desk = talking.panel_of(instance, talking.asked_beside())
        return show(self, "task.html", **task_page.everything(instance, clock.now()), desk=desk)

    @door("/<ref>/complete", needs="create", methods=("GET", "POST"), takes_files=True)
    def complete(self, ref: str) -> Response:
        """*Complete task* for the customer: the first step that waits for them (A23, A24)."""
        instance = access.instance_to_read(g.actor, ref)
        step = next((step for step in instance.steps if task_page.may_answer(instance, step, clock.now())), None)
        if step is None:
            raise OutOfStep(_("Nothing of this task can be answered now"), "instance-closed")
        return task_page.answering(self, instance, step)

    @door("/<ref>/steps/<name>", needs="create", methods=("GET", "POST"), takes_files=True)
    def step(self, ref: str, name: str) -> Response:
        instance = access.instance_to_read(g.actor, ref)
        step = access.step_of(instance, name)
        if request.method == "GET" and not task_page.may_answer(instance, step, clock.now()):
            raise OutOfStep(_("This step takes no answers now"), "step-locked")
        return task_page.answering(self, instance, step)

    @door("/<ref>/extend", needs="orders", methods=("GET", "POST"))
    def extend(self, ref: str) -> Response:
        return clocks.extend(self, ref)

    @door("/<ref>/remind", needs="message", methods=("GET", "POST"))
    def remind(self, ref: str) -> Response:
        return clocks.remind(self, ref)

    @door("/<ref>/link/<name>", needs="create", methods=("GET", "POST"))
    def link(self, ref: str, name: str) -> Response:
        return linking.link(self, ref, name)

    @door("/<ref>/unlink/<name>", needs="create", methods=("GET", "POST"))
    def unlink(self, ref: str, name: str) -> Response:
        return linking.unlink(self, ref, name)


def _asked() -> grid.Filters:
    """The filters in the address."""
    within = argument("within", *WITHIN)
    return grid.Filters(
        search=argument("q"),
        kind=argument("type"),
        customer=argument("customer"),
        status=[word for word in request.args.getlist("status") if word in STATUSES],
        expires_before=clock.now() + timedelta(hours=int(within)) if within else None,
    )


def _rows(now: datetime) -> Iterator[tuple[object, ...]]:
    """Everything the filters let through, page by page, the newest ten thousand."""
    cursor: str | None = None
    for _part in range(MOST_EXPORTED // MOST_A_PAGE):
        page = grid.tasks(g.actor, now, _asked(), cursor, MOST_A_PAGE)
        for task in page.rows:
            end = task.expires_at.isoformat() if task.expires_at else ""
            yield (
                task.reference,
                title_of(task),
                versions.said_of(read_as(g.actor), task, "type"),
                task.customer_name,
                task.created_at.isoformat(),
                end,
                task_tag(task, now).words,
            )
        cursor = page.next_cursor
        if cursor is None:
            return
