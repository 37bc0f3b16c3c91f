"""Task instances: one run of a flow for one customer, with everything a list row shows kept on the row."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, String, UniqueConstraint, func, literal, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from flows.models.base import Base, Moment, Owned, Stamped, one_of, uid_column
from flows.models.catalogue import FlowVersion
from flows.models.departments import Department
from flows.models.organisations import Organisation
from flows.models.people import User
from flows.models.steps import Step
from flows.rules import statuses
from flows.rules.people import Standing

STATUSES = ("not_started", "in_progress", "awaiting_review", "completed", "cancelled", "expired")
OPEN_STATUSES = ("not_started", "in_progress", "awaiting_review")
PARTIES = ("customer", "staff", "system")
SOURCES = {"staff": "Admin Assigned", "customer": "Tenant Requested", "onboarding": "Onboarding", "event": "System"}
PRIORITIES = ("low", "normal", "high", "urgent")
PREFIXES = ("TI", "CA", "WT")
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
FIRST_REFERENCE = 2000  # so that the first instance is TI-2001, not a number that looks like a test


def _by_hand(name: str, column: str, where: str) -> Index:
    """The index of a box or board: newest first of one person or department, over cases and tasks alone."""
    only = text(where)
    return Index(f"ix_instances_{name}", column, "created_at", "id", postgresql_where=only, sqlite_where=only)


class Instance(Owned, Stamped, Base):
    """One run of a flow. `status` is the stored phase; overdue is computed from `due_at` (Q20).

    A flow with states has a `state` and no steps: `status` is then what the state's column says (Q9). `is_internal`
    hides a task of the house from the customer of its case.

    `version` rises with every change and stands in forms; `event_seq` is the last number in its timeline. `amounts` are
    the Payment Amounts by step, in minor units (C27); `overlay` holds what this one instance has of its own over its
    flow (Q25, X20, `flows.catalogue.overlay`); `waited` the whole seconds that each party has held the baton before
    `waiting_since` (X4); `reopenings` counts how often it was taken up again after its end (Q23). `message_seq` and
    `note_seq` are the last numbers in its conversation and among its notes. People, department and parent are written
    by their ids and read by their names alone, so that no flush has to look whether one of them is another.
    """

    __tablename__ = "instances"
    __table_args__ = (
        UniqueConstraint("flow", "once_key"),
        Index(None, "created_at", "id"),
        Index(None, "organisation_id", "created_at", "id"),
        Index(None, "assignee_id", "status", "created_at", "id"),
        Index(None, "status", "created_at", "id"),
        Index(None, "status", "due_at", "id"),
        Index(None, "customer_id", "created_at", "id"),
        Index(None, "subject"),
        Index(None, "organisation_id", "changed", "id"),
        Index(
            "ix_instances_ending",
            "organisation_id",
            "due_at",
            postgresql_where=text("closed_at IS NULL"),
            sqlite_where=text("closed_at IS NULL"),
        ),
        Index(
            "ix_instances_rated",
            "organisation_id",
            "rated_at",
            postgresql_where=text("rated_at IS NOT NULL"),
            sqlite_where=text("rated_at IS NOT NULL"),
        ),
        _by_hand("pending", "assignee_id", "closed_at IS NULL AND state IS NOT NULL"),
        _by_hand("created_by", "creator_id", "state IS NOT NULL"),
        _by_hand("department", "department_id", "state IS NOT NULL"),
        Index(
            "ix_instances_open",
            "waiting_on",
            "due_at",
            postgresql_where=text("closed_at IS NULL"),
            sqlite_where=text("closed_at IS NULL"),
        ),
        Index(
            "ix_instances_talked_about",
            "organisation_id",
            postgresql_where=text("closed_at IS NULL AND message_seq > 0"),
            sqlite_where=text("closed_at IS NULL AND message_seq > 0"),
        ),
        Index(
            "ix_instances_closed",
            "flow",
            "closed_at",
            postgresql_where=text("closed_at IS NOT NULL"),
            sqlite_where=text("closed_at IS NOT NULL"),
        ),
    )

    uid: Mapped[str] = uid_column("ti")
    flow: Mapped[str] = mapped_column(String(64))
    flow_hash: Mapped[str] = mapped_column(String(64))
    flow_version_id: Mapped[int] = mapped_column(ForeignKey("flow_versions.id"), index=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("instances.id"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(80), default="")
    source: Mapped[str] = mapped_column(one_of("source", *SOURCES))
    once_key: Mapped[str | None] = mapped_column(String(200))
    subject: Mapped[str | None] = mapped_column(String(64))

    status: Mapped[str] = mapped_column(one_of("status", *STATUSES), default="not_started")
    state: Mapped[str | None] = mapped_column(String(64))
    outcome: Mapped[str | None] = mapped_column(String(64))
    outcome_kind: Mapped[str | None] = mapped_column(one_of("outcome_kind", "positive", "negative"))
    close_message: Mapped[str] = mapped_column(String(4000), default="")
    waiting_on: Mapped[str | None] = mapped_column(one_of("waiting_on", *PARTIES))
    waiting_since: Mapped[datetime | None]

    customer_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    customer_name: Mapped[str] = mapped_column(String(160))
    customer_address: Mapped[str] = mapped_column(String(400), default="")
    creator_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"), index=True)

    priority: Mapped[str] = mapped_column(one_of("priority", *PRIORITIES), default="normal")
    is_internal: Mapped[bool] = mapped_column(default=False)

    inputs: Mapped[dict[str, Any]] = mapped_column(default=dict)
    links: Mapped[dict[str, Any]] = mapped_column(default=dict)
    amounts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    overlay: Mapped[dict[str, Any]] = mapped_column(default=dict)
    waited: Mapped[dict[str, Any]] = mapped_column(default=dict)
    time_zone: Mapped[str] = mapped_column(String(64))

    steps_total: Mapped[int] = mapped_column(default=0)
    steps_done: Mapped[int] = mapped_column(default=0)
    may_grow: Mapped[bool] = mapped_column(default=False)
    reopenings: Mapped[int] = mapped_column(default=0)

    rating: Mapped[int | None]
    rating_comment: Mapped[str] = mapped_column(String(1200), default="")
    rated_at: Mapped[datetime | None]

    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    last_activity_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
    event_seq: Mapped[int] = mapped_column(default=0)
    message_seq: Mapped[int] = mapped_column(default=0)
    note_seq: Mapped[int] = mapped_column(default=0)

    organisation: Mapped[Organisation] = relationship(foreign_keys="Instance.organisation_id")
    customer: Mapped[User | None] = relationship(foreign_keys=[customer_id], viewonly=True)
    creator: Mapped[User | None] = relationship(foreign_keys=[creator_id], viewonly=True)
    assignee: Mapped[User | None] = relationship(foreign_keys=[assignee_id], viewonly=True)
    department: Mapped[Department | None] = relationship(viewonly=True)
    parent: Mapped[Instance | None] = relationship(remote_side="Instance.id", viewonly=True)
    flow_version: Mapped[FlowVersion] = relationship()
    steps: Mapped[list[Step]] = relationship(order_by=Step.position, back_populates="instance")

    @property
    def reference(self) -> str:
        """What people say on the phone: TI-2041; CA-2042 for a case, WT-2043 for a task of a department."""
        return f"{self.prefix}-{self.id + FIRST_REFERENCE}"

    @property
    def prefix(self) -> str:
        """TI for guided requests; CA and WT for what is driven by hand, by whether a customer is behind it."""
        return "TI" if self.state is None else _prefix_of(self.kind)

    @property
    def order_uid(self) -> str | None:
        """The opaque id of the order it belongs to (`Order.subject`); None when it belongs to none."""
        kind, _, uid = (self.subject or "").partition(":")
        return uid if kind == "order" else None

    @hybrid_property
    def end_at(self) -> datetime:
        """The moment it has to be done by: its expiry, else its due date, else never."""
        return self.expires_at or self.due_at or NEVER

    @end_at.inplace.expression
    @classmethod
    def _end_at(cls) -> ColumnElement[datetime]:
        return func.coalesce(cls.expires_at, cls.due_at, literal(NEVER, Moment()), type_=Moment())

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    def is_overdue(self, now: datetime) -> bool:
        """Past its due date and still open (C22, Q20)."""
        return statuses.is_overdue(self.status, self.due_at, now)

    def is_past_expiry(self, now: datetime) -> bool:
        """The end has come, whether or not a worker has noticed (Q30)."""
        return statuses.is_past(self.expires_at, now)

    def is_running(self, now: datetime) -> bool:
        """Open, and not past its end, whether or not a worker has noticed (Q30)."""
        return self.is_open and not self.is_past_expiry(now)

    @property
    def staff_page(self) -> str:
        """Its address in the back office: guided requests, tasks of orders, cases and tasks have lists of their own."""
        guided = "instances" if self.order_uid is None else "tasks"
        return f"/admin/{ {'TI': guided, 'CA': 'cases', 'WT': 'board'}[self.prefix] }/{self.reference}"

    @property
    def customer_page(self) -> str:
        """Its address in the portal."""
        return f"/{'tasks' if self.state is None else 'cases'}/{self.reference}"

    @property
    def standing(self) -> Standing:
        """Where people stand in it: what the words of a flow (assignee, department, ...) are held against."""
        return Standing(self.creator_id, self.assignee_id, self.department_id)

    @property
    def unfinished(self) -> list[str]:
        """Names of the visible steps that are not completed; none: an outcome can be chosen (C42).

        A step whose condition is not yet known is hidden: with everything else done it will not come any more.
        """
        if self.steps_done == self.steps_total:
            return []
        return [step.name for step in self.steps if step.state not in ("completed", "skipped")]

    @property
    def has_begun(self) -> bool:
        """Whether anybody of ours has done something for it."""
        return any(step.actor == "staff" and step.attempt for step in self.steps)

    def step(self, name: str) -> Step | None:
        return next((step for step in self.steps if step.name == name), None)

    def __str__(self) -> str:
        return f"{self.reference} {self.title}"


def reference_of(row_id: int, state: str | None = None, kind: str = "") -> str:
    """The reference of the instance with this row id; of a guided request, unless it has a state."""
    return f"{'TI' if state is None else _prefix_of(kind)}-{row_id + FIRST_REFERENCE}"


def _prefix_of(kind: str) -> str:
    return "CA" if kind == "Case" else "WT"


def instance_id_from(reference: str) -> int | None:
    """The row that a reference names, e.g. TI-2041 or CA-2042; None when it is not one."""
    prefix, _, number = reference.upper().partition("-")
    if prefix not in PREFIXES or not (number.isascii() and number.isdigit()) or len(number) > 12:
        return None
    row_id = int(number) - FIRST_REFERENCE
    return row_id if row_id > 0 else None
