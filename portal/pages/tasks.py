"""The Task System of companies with grid, totals and export; the task list of households; the page of a task."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, g, redirect, request, stream_with_context
from werkzeug.wrappers import Response as AnyResponse

from flows import access, catalogue
from flows.actions import versions
from flows.clock import clock
from flows.models import Instance, Order
from flows.queries import family, grid, orders, turns
from flows.queries import standing as asking
from flows.queries.grid import Filters
from flows.queries.pages import MOST_A_PAGE
from flows.rules import answers
from flows.rules.actors import Actor
from flows.rules.errors import OutOfStep
from flows.words import gettext as _
from portal.may import may
from portal.pages import talking, task_page
from portal.pages.navigation import my_standing
from portal.pages.pay import pay_page, pays
from portal.pages.showing import GRID_WORDS, address, end_of, grid_tag, is_fragment, show
from portal.pages.step_form import form_page, takes_answers
from portal.pages.task_rows import list_rows
from portal.wording import flow_of, kind_of, title_of

pages = Blueprint("tasks", __name__)

TURNS = {"todo": "todo", "with-us": "with_us", "done": "done"}
PARTS = {"totals": "tasks/totals.html", "grid": "tasks/grid.html"}
"""What the live regions of the Task System fetch again."""
STATUSES = (*grid.GRID_STATUSES, "Cancelled")
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@pages.get("/tasks")
@may("customer")
def listed() -> AnyResponse:
    """P3b for people of companies, P3a for households."""
    part = PARTS.get(request.args.get("part", "")) if is_fragment() else None
    if part is None and not my_standing(g.actor).for_company:
        return _of_a_household(g.actor)
    return show("tasks/part.html" if part else "tasks/system.html", part=part, **_system(g.actor, asked(), part))


@pages.get("/tasks/export.csv")
@may("customer")
def export() -> Response:
    """Everything the filters let through, as a file for spreadsheets, page by page so that it may be long."""
    lines = stream_with_context(_lines(g.actor, asked(), clock.now()))
    headers = {"Content-Disposition": "attachment; filename=tasks.csv"}
    return Response(lines, mimetype="text/csv", headers=headers)


@pages.get("/tasks/<ref>")
@may("customer")
def one(ref: str) -> AnyResponse:
    """A task with its steps, what happens next, and its history (P4)."""
    instance = access.instance_to_read(g.actor, ref)
    if instance.state is not None:
        return redirect(f"/cases/{instance.reference}", 303)
    words = task_page.words(g.actor, instance, clock.now())
    return show("tasks/task.html", **words, desk=talking.panel_of(instance))


@pages.get("/tasks/<ref>/complete")
@may("customer")
def complete(ref: str) -> AnyResponse:
    """*Complete task*: the first step that waits for the customer; the dialog gets its form at once (A24).

    A step with files is a page: that is where phones have room for them, and where uploads.js is.
    """
    instance = access.instance_to_read(g.actor, ref)
    step = next((step for step in instance.steps if takes_answers(instance, step, clock.now())), None)
    if step is None:
        raise OutOfStep(_("Nothing is left for you to do here."), "instance-closed")
    rule = versions.spoken_of(access.read_as(g.actor), instance).steps[step.name]
    if is_fragment() and pays(g.actor, instance, step):
        return pay_page(g.actor, instance, step)
    if is_fragment() and not answers.asks_for_files(rule.fields):
        return form_page(g.actor, instance, step)
    return redirect(f"/tasks/{instance.reference}/steps/{step.name}", 303)


def asked() -> Filters:
    """The filters in the address."""
    args = request.args
    return Filters(
        search=args.get("q", ""), status=[word for word in args.getlist("status") if word in STATUSES],
        kind=args.get("type", ""), customer=args.get("customer", ""), mine=args.get("mine") == "1",
    )  # fmt: skip


def _system(actor: Actor, filters: Filters, part: str | None) -> dict[str, Any]:
    """What the Task System shows; a live region asks for its part alone."""
    now = clock.now()
    query = {
        "q": filters.search,
        "status": filters.status,
        "type": filters.kind,
        "customer": filters.customer,
        "mine": "1" if filters.mine else "",
    }
    words: dict[str, Any] = {"filters": filters, "query": query, "address": address, "narrowed": any(query.values())}
    if part != PARTS["grid"]:
        words["totals"] = grid.totals(actor, now, filters)
    if part != PARTS["totals"]:
        cursor = request.args.get("cursor")
        page = grid.tasks(actor, now, filters, cursor)
        words |= {"rows": _grid_rows(actor, page.rows, now), "next_cursor": page.next_cursor, "cursor": cursor}
    if part is None:
        words["statuses"] = [(status, _(said)) for status, said in GRID_WORDS.items()]
        words["kinds"] = _kinds(actor)
        words["customers"] = [(one.uid, one.name) for one in orders.customers(actor)]
    return words


def _kinds(actor: Actor) -> list[tuple[str, str]]:
    """Task types to choose from, in the words of the flows that are served; another one is called what it was."""
    served = catalogue.current().flows.values()
    said = {loaded.definition.type: flow_of(loaded).type for loaded in served}
    return [(kind, said.get(kind) or kind) for kind in grid.kinds(actor)]


def _grid_rows(actor: Actor, instances: Sequence[Instance], now: datetime) -> list[dict[str, Any]]:
    belonging, parents = asking.orders_of(actor, instances), family.parents_of(actor, instances)
    return [
        {
            "task": instance,
            "end": end_of(instance),
            "status": grid.grid_status(instance, now),
            "tag": grid_tag(instance, now),
            "may_complete": grid.needs_action(instance, now),
            "order": belonging.get(instance.subject or ""),
            "parent": parents.get(instance.parent_id or 0),
        }
        for instance in instances
    ]


def _of_a_household(actor: Actor) -> AnyResponse:
    now = clock.now()
    shown = request.args.get("show", "todo")
    filters = Filters(search=request.args.get("q", ""), turn=TURNS.get(shown, "todo"))
    cursor = request.args.get("cursor")
    page = grid.tasks(actor, now, filters, cursor)
    return show(
        "tasks/own.html",
        rows=list_rows(actor, page.rows, now),
        shown=shown if shown in TURNS else "todo",
        counts={"todo": my_standing(actor).to_do, **turns.counts(actor, now)},
        most=turns.MOST_COUNTED,
        search=filters.search,
        first_url=address("/tasks", show=shown, q=filters.search) if cursor else None,
        next_url=address("/tasks", show=shown, q=filters.search, cursor=page.next_cursor) if page.next_cursor else None,
    )


def _lines(actor: Actor, filters: Filters, now: datetime) -> Iterator[str]:
    yield _line(_columns())
    cursor: str | None = None
    while True:
        page = grid.tasks(actor, now, filters, cursor, MOST_A_PAGE)
        belonging = asking.orders_of(actor, page.rows)
        for instance in page.rows:
            yield _line(_cells(instance, belonging.get(instance.subject or ""), now))
        cursor = page.next_cursor
        if cursor is None:
            return


def _columns() -> Sequence[str]:
    return (
        _("Reference"), _("Name"), _("Task type"), _("Customer"), _("Created"), _("Expiration"), _("Task status"),
        _("Order"),
    )  # fmt: skip


def _cells(instance: Instance, order: Order | None, now: datetime) -> Sequence[str]:
    end = end_of(instance)
    return (
        instance.reference, title_of(instance), kind_of(instance), instance.customer_name,
        instance.created_at.isoformat(), end.isoformat() if end else "", grid_tag(instance, now).words,
        order.reference if order is not None else "",
    )  # fmt: skip


def _line(cells: Sequence[str]) -> str:
    """One row; a cell that a spreadsheet would calculate is marked as text."""
    row = io.StringIO()
    csv.writer(row).writerow([f"'{cell}" if cell.startswith(FORMULA) else cell for cell in cells])
    return row.getvalue()
