"""What the API gives of cases, department tasks and their comments."""

from __future__ import annotations

from portal.api.shapes.forms import Field
from portal.api.shapes.plain import Asked, Child, Links, Moment, Named, Shape
from portal.api.shapes.shop import TimelineEntry


class CaseAction(Shape):
    """Something that may be done now: `comment` is required, optional or null; `fields` are what has to be given."""

    name: str
    label: str
    to: str | None
    comment: str | None
    fields: list[Field]


class CaseSummary(Shape):
    """A case (`ca_`) or task (`wt_`): `state` is the stage by its name in the flow, `state_label` for the reader."""

    id: str
    reference: str
    title: str
    flow: str
    state: str
    state_label: str
    column: str
    status: str
    waiting_on: str | None
    overdue: bool
    priority: str
    customer: Named
    assignee: Named | None
    department: Named | None
    case_id: str | None
    created_at: Moment
    updated_at: Moment
    due_at: Moment | None
    closed_at: Moment | None
    version: int
    links: Links
    allowed_actions: list[str]


class AttachedFile(Shape):
    """A file that was sent; GET /uploads/{id}/content gives it out."""

    id: str
    name: str
    size: int
    mime_type: str


class Attachment(AttachedFile):
    """A file of a case or task: who sent it and when; `comment_id` is null for one that was given at the start."""

    by: str
    at: Moment
    client_visible: bool
    comment_id: str | None


class Case(CaseSummary):
    close_message: str
    asked: list[Asked]
    attachments: list[Attachment]
    actions: list[CaseAction]
    tasks: list[CaseSummary]
    children: list[Child]
    timeline: list[TimelineEntry]


class Comment(Shape):
    id: str
    author: str
    author_kind: str
    text: str
    files: list[AttachedFile]
    client_visible: bool
    created_at: Moment
