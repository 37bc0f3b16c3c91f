"""The Task System for staff: the grid and totals that customers have, over everybody; and one task in full (A5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import g, request
from werkzeug.wrappers import Response

from admin import spreadsheets, task_page
from admin.asking import Field, Question, ask
from admin.guard import door
from admin.revealing import Revealing
from admin.showing import argument, show, task_tag
from flows import access
from flows.actions import closing, firing
from flows.clock import clock
from flows.models import Instance
from flows.queries import grid, orders
from flows.queries.pages import MOST_A_PAGE
from flows.rules.errors import Invalid, OutOfStep
from flows.work import Work

STATUSES = (*grid.GRID_STATUSES, "Cancelled")
WITHIN = {"24": "24 hours", "48": "48 hours", "168": "7 days"}
COLUMNS = ("Reference", "Name", "Task type", "Customer", "Created", "Expiration", "Task status")
MOST_EXPORTED = 10_000


class Tasks(Revealing):
    name, slug, needs = "Task System", "tasks", "view"

    @door("/", needs="view")
    def index(self) -> Response:
        now, filters = clock.now(), _asked()
        return show(
            self,
            "tasks.html",
            filters=filters,
            within=argument("within", *WITHIN),
            withins=WITHIN,
            statuses={word: word for word in STATUSES},
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
        return show(self, "task.html", **task_page.everything(instance, clock.now()))

    @door("/<ref>/complete", needs="create", methods=("GET", "POST"))
    def complete(self, ref: str) -> Response:
        """*Complete task* for the customer: the first step that waits for them (A23, A24)."""
        instance = access.instance_to_read(g.actor, ref)
        step = next((step for step in instance.steps if task_page.may_answer(instance, step, clock.now())), None)
        if step is None:
            raise OutOfStep("Nothing of this task can be answered now", "instance-closed")
        return task_page.answering(self, instance, step)

    @door("/<ref>/steps/<name>", needs="create", methods=("GET", "POST"))
    def step(self, ref: str, name: str) -> Response:
        instance = access.instance_to_read(g.actor, ref)
        step = access.step_of(instance, name)
        if request.method == "GET" and not task_page.may_answer(instance, step, clock.now()):
            raise OutOfStep("This step takes no answers now", "step-locked")
        return task_page.answering(self, instance, step)

    @door("/<ref>/extend", needs="orders", methods=("GET", "POST"))
    def extend(self, ref: str) -> Response:
        """Give the customer more time (2.2.1: deadlines of the real world can be moved by staff)."""
        instance = access.instance_to_read(g.actor, ref)
        zone = ZoneInfo(instance.time_zone)
        end = instance.expires_at.astimezone(zone) if instance.expires_at else None
        question = Question(
            f"Give more time for {instance.reference}",
            _page(instance),
            "Move the end",
            done="The end was moved.",
            text=f"{instance.title} for {instance.customer_name}. Reminders that are planned stay where they are.",
            fields=(
                Field(
                    "expires_at",
                    "New end",
                    "datetime-local",
                    f"{end:%Y-%m-%dT%H:%M}" if end else "",
                    f"Time in {zone.key}",
                    width="w-m",
                ),
                Field("reason", "Reason", hint="Stands in the history, where the customer reads it"),
            ),
        )

        def act(work: Work, typed: Any) -> None:
            moment = _moment(typed["expires_at"], zone)
            closing.extend(work, access.instance_to_change(work, ref), moment, typed["reason"])

        return ask(self, question, act)

    @door("/<ref>/remind", needs="message", methods=("GET", "POST"))
    def remind(self, ref: str) -> Response:
        instance = access.instance_to_read(g.actor, ref)
        question = Question(
            f"Send a reminder for {instance.reference} now?",
            _page(instance),
            "Send the reminder",
            done="The reminder is on its way.",
            text=f"The reminder of “{instance.title}” goes out at once; the planned ones stay.",
            facts=(("Customer", instance.customer_name),),
        )
        return ask(self, question, lambda work, _typed: firing.remind_now(work, access.instance_to_change(work, ref)))


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
    for _ in range(MOST_EXPORTED // MOST_A_PAGE):
        page = grid.tasks(g.actor, now, _asked(), cursor, MOST_A_PAGE)
        for task in page.rows:
            end = task.expires_at.isoformat() if task.expires_at else ""
            yield (
                task.reference,
                task.title,
                task.kind,
                task.customer_name,
                task.created_at.isoformat(),
                end,
                grid.grid_status(task, now),
            )
        cursor = page.next_cursor
        if cursor is None:
            return


def _page(instance: Instance) -> str:
    return f"/admin/tasks/{instance.reference}"


def _moment(typed: str, zone: ZoneInfo) -> datetime:
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid("Enter a day and a time, like 2026-11-30T23:59", "/expires_at", "datetime") from None
