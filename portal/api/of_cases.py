"""Cases and department tasks: raised, steered, commented; and the boxes of staff (B3 to B34, D5)."""

from __future__ import annotations

from collections.abc import Sequence

from flows import access
from flows.actions import acting, assigning, beginning, closing, commenting, versions
from flows.actions.beginning import Wish
from flows.actions.scope import for_actions
from flows.catalogue import FlowDefinition
from flows.models import Instance
from flows.queries import boxes, colleagues, comments, family, parties, startable, timeline
from flows.queries.pages import Page
from flows.rules import stages
from flows.rules.actors import Actor
from flows.rules.errors import OutOfStep, Refused
from flows.words import gettext as _
from portal.api import asked_of_cases as asked
from portal.api import cursors, draw_case, reading, shapes
from portal.api.asked import Paged
from portal.api.asked_by_staff import Assignment
from portal.api.door import BASE, Answer, Call, counted_page, operation, page
from portal.api.etags import etag, wanted_version
from portal.api.of_staff import assign_as_asked
from portal.api.shapes import cases as given

CHANGES = ("not-found", "forbidden", "invalid-transition", "instance-closed", "stale-version")
KIND = "ca"


@operation("GET", "/cases", who="signed_in", gives=shapes.CountedPage[given.CaseSummary], refusals=("cursor-mismatch",))
def list_cases(call: Call, query: asked.CaseList) -> Answer:
    """Cases, the newest first."""
    filters = boxes.Filters(search=query.q, open=query.open, count=query.count)
    return _list(call, boxes.cases(call.actor, call.now, filters, cursors.opened(query.cursor), query.limit))


@operation("POST", "/cases", who="customer", gives=given.Case, status=201, key="required",
           refusals=("invalid-transition",))  # fmt: skip
def raise_case(call: Call, body: asked.NewCase) -> Answer:
    """Raise a case of a flow that customers may start."""
    customer = startable.customer_named(call.actor, body.customer_id)
    with reading.named(fields="answers", organisation="customer_id"):
        made = beginning.start_by_customer(call.work, body.flow, customer, body.answers)
    return _made(call, made, "cases")


@operation("GET", "/cases/<case_id>", who="signed_in", gives=given.Case, refusals=("not-found",))
def get_case(call: Call, case_id: str) -> Answer:
    """One case with what may be done, its tasks and its timeline."""
    return _whole(call, _found(call, case_id))


@operation("GET", "/cases/<case_id>/tasks", who="signed_in", gives=shapes.CountedPage[given.CaseSummary],
           refusals=("not-found",))  # fmt: skip
def list_tasks_of_case(call: Call, case_id: str) -> Answer:
    """The tasks on a case, the oldest first; what is internal is left out for customers."""
    return _list(call, Page(_tasks(family.children(*_seen(call, _found(call, case_id)))), None))


@operation("POST", "/cases/<case_id>/status", who="customer", gives=given.Case, key="required", if_match="accepted",
           etag_kind=KIND, refusals=CHANGES)  # fmt: skip
def set_status(call: Call, case_id: str, body: asked.StatusWanted) -> Answer:
    """Set a status: the first of my actions that leads there; closing may, cancelling must have a comment."""
    instance = _locked(call, case_id)
    definition = versions.definition_of(call.session, instance)
    scope = for_actions(call.session, instance, definition, call.now)
    names = stages.offered(definition, instance.state or "", call.actor, instance.standing, scope)
    name = draw_case.leading_to(definition, names, body.status)
    if name is None:
        raise OutOfStep(_("It cannot be set to %(status)s now. See allowed_actions", status=body.status))
    acting.act(call.work, instance, name, comment=body.comment, version=wanted_version(KIND))
    return _changed(call, instance)


@operation("GET", "/tasks", who="staff", gives=shapes.CountedPage[given.CaseSummary],
           refusals=("not-found", "cursor-mismatch"))  # fmt: skip
def list_box(call: Call, query: asked.BoxList) -> Answer:
    """One of my boxes: pending with me, created by me, related to me; or the board of a department of mine."""
    filters = boxes.Filters(
        search=query.q,
        open=query.open,
        overdue=query.overdue,
        priorities=(query.priority,) if query.priority else (),
        flow=query.flow,
        count=query.count,
    )
    where = (call.now, filters, cursors.opened(query.cursor), query.limit)
    if query.department_id is None:
        return _list(call, boxes.in_box(call.actor, query.box, *where))
    mine = {one.uid: one.id for one in colleagues.departments_of(call.actor)}
    if query.department_id not in mine:
        raise Refused(_("No such department, or not one of yours"))
    return _list(call, boxes.of_department(call.actor, mine[query.department_id], *where))


@operation("POST", "/tasks", who="staff", gives=given.Case, status=201, key="required",
           refusals=("forbidden", "not-found", "invalid-transition"))  # fmt: skip
def make_task(call: Call, body: asked.NewTask) -> Answer:
    """A task for a department, by itself or on a case; or a case for a customer."""
    parent = _found(call, body.case_id).reference if body.case_id else ""
    wish = Wish(
        assignee=body.assignee_id or "",
        fields=body.answers,
        parent=parent,
        is_internal=not body.client_visible,
        priority=body.priority,
    )
    with reading.named(fields="answers", customer="customer_id", assignee="assignee_id", parent="case_id"):
        made = beginning.start_by_staff(call.work, body.flow, body.customer_id or "", wish)
    return _made(call, made, "cases" if made.prefix == "CA" else "tasks")


@operation("GET", "/tasks/<task_id>", who="signed_in", gives=given.Case, refusals=("not-found",))
def get_task(call: Call, task_id: str) -> Answer:
    """One task; the same thing as a case, under its other name."""
    return _whole(call, _found(call, task_id))


@operation("POST", "/tasks/<task_id>/actions/<name>", who="signed_in", gives=given.Case, key="required",
           if_match="accepted", etag_kind=KIND, refusals=CHANGES)  # fmt: skip
def act_on_task(call: Call, task_id: str, name: str, body: asked.Acting) -> Answer:
    """Take one of `actions` on a task or a case."""
    instance = _locked(call, task_id)
    acting.act(call.work, instance, name, comment=body.comment, asked=body.fields or {}, version=wanted_version(KIND))
    return _changed(call, instance)


@operation("POST", "/tasks/<task_id>/take", who="staff", gives=given.Case, key="optional", refusals=CHANGES)
def take_task(call: Call, task_id: str) -> Answer:
    """Assign it to me."""
    instance = _locked(call, task_id)
    assigning.take(call.work, instance)
    return _changed(call, instance)


@operation("POST", "/tasks/<task_id>/assign", who="staff", gives=given.Case, key="required", if_match="accepted",
           etag_kind=KIND, refusals=CHANGES)  # fmt: skip
def assign_task(call: Call, task_id: str, body: Assignment) -> Answer:
    """Give it to a colleague, or to nobody: back into the queue of its department."""
    instance = _locked(call, task_id)
    access.check_version(instance, wanted_version(KIND))
    assign_as_asked(call, instance, body)
    return _changed(call, instance)


@operation("PATCH", "/tasks/<task_id>", who="staff", gives=given.Case, if_match="accepted", etag_kind=KIND,
           refusals=CHANGES)  # fmt: skip
def change_task(call: Call, task_id: str, body: asked.TaskChange) -> Answer:
    """Another due date, or none; another priority."""
    instance = _locked(call, task_id)
    access.check_version(instance, wanted_version(KIND))
    if body.priority is not None:
        commenting.change_priority(call.work, instance, body.priority)
    if "due_at" in body.model_fields_set:
        closing.change_due(call.work, instance, body.due_at, body.reason)
    return _changed(call, instance)


@operation(
    "GET",
    "/cases/<case_id>/comments",
    who="signed_in",
    gives=shapes.Page[given.Comment],
    refusals=("not-found", "cursor-mismatch"),
)
def list_comments_of_case(call: Call, case_id: str, query: Paged) -> Answer:
    """Comments on a case, the newest first; internal ones are for staff alone."""
    return _comments(call, case_id, query)


@operation(
    "POST",
    "/cases/<case_id>/comments",
    who="signed_in",
    gives=given.Comment,
    status=201,
    key="required",
    refusals=("not-found", "forbidden"),
)
def comment_on_case(call: Call, case_id: str, body: asked.NewComment) -> Answer:
    """Add a comment, files or both; one of a customer is always visible to everybody."""
    return _comment(call, case_id, body)


@operation(
    "GET",
    "/tasks/<task_id>/comments",
    who="signed_in",
    gives=shapes.Page[given.Comment],
    refusals=("not-found", "cursor-mismatch"),
)
def list_comments_of_task(call: Call, task_id: str, query: Paged) -> Answer:
    """Comments on a task, the newest first; internal ones are for staff alone."""
    return _comments(call, task_id, query)


@operation(
    "POST",
    "/tasks/<task_id>/comments",
    who="signed_in",
    gives=given.Comment,
    status=201,
    key="required",
    refusals=("not-found", "forbidden"),
)
def comment_on_task(call: Call, task_id: str, body: asked.NewComment) -> Answer:
    """Add a comment, files or both; one of a customer is always visible to everybody."""
    return _comment(call, task_id, body)


def _comments(call: Call, named: str, query: Paged) -> Answer:
    found = comments.of(call.actor, _found(call, named), cursors.opened(query.cursor), query.limit)
    sealed = cursors.seal(found.next_cursor)
    rows = [draw_case.comment(one) for one in found.rows]
    return page(shapes.Page[given.Comment](data=rows, next_cursor=sealed), sealed)


def _comment(call: Call, named: str, body: asked.NewComment) -> Answer:
    made = commenting.comment(call.work, _locked(call, named), body.text, not body.client_visible, body.upload_ids)
    return Answer(draw_case.comment(made), 201)


def _list(call: Call, found: Page[Instance]) -> Answer:
    who = _who(call, *found.rows)
    return counted_page(given.CaseSummary, [draw_case.summary(call, row, who) for row in found.rows], found)


def _whole(call: Call, instance: Instance) -> Answer:
    children = family.children(*_seen(call, instance))
    entries = timeline.of_instance(call.actor, instance)
    who = _who(call, instance, *_tasks(children))
    drawn = draw_case.whole(call, instance, who, _tasks(children), children, entries)
    beside = (len(entries), *((child.uid, child.version) for child in children))
    return Answer(drawn, etag=etag(KIND, instance.version, *beside))


def _seen(call: Call, instance: Instance) -> tuple[Actor, Instance, FlowDefinition]:
    return call.actor, instance, versions.definition_of(call.session, instance)


def _tasks(children: Sequence[Instance]) -> list[Instance]:
    """Those that are driven by hand."""
    return [one for one in children if one.state is not None]


def _changed(call: Call, instance: Instance) -> Answer:
    call.session.flush()
    call.session.refresh(instance, ["assignee", "department"])
    return _whole(call, instance)


def _made(call: Call, instance: Instance, place: str) -> Answer:
    answer = _changed(call, instance)
    return Answer(answer.body, 201, {"Location": f"{BASE}/{place}/{instance.uid}"}, answer.etag)


def _who(call: Call, *instances: Instance) -> parties.Parties:
    people = [one for row in instances for one in (row.assignee_id, row.creator_id)]
    return parties.of_many(call.actor, (row.organisation_id for row in instances), people)


def _found(call: Call, named: str) -> Instance:
    return _by_hand(access.instance_to_read(call.actor, named))


def _locked(call: Call, named: str) -> Instance:
    return _by_hand(access.instance_to_change(call.work, named))


def _by_hand(instance: Instance) -> Instance:
    """Guided requests are not driven by hand: as a case they are not there."""
    if instance.state is None:
        raise Refused(_("No such case or task"))
    return instance
