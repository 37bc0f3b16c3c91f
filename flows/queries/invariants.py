"""What must be true of every database at every moment (DOMAIN.md section 5), asked in SQL after any accident."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from typing import Any

from sqlalchemy import URL, ColumnElement, Select, and_, exists, func, literal, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from flows import store
from flows.events import ENDINGS
from flows.models import (
    Effect,
    Instance,
    LinkHolder,
    Message,
    Order,
    OrderLine,
    Payment,
    ReadCursor,
    Review,
    Step,
    Submission,
    TimelineEvent,
    Timer,
    Upload,
)

MOST_SHOWN = 20
ENDED_BY = {
    "completed": ("instance_completed", "instance_closed"),
    "cancelled": ("instance_cancelled", "instance_closed"),
    "expired": ("instance_expired",),
}
REOPENED = "instance_reopened"


@dataclass(frozen=True)
class Invariant:
    """A sentence, and the query that finds the rows for which it is not true."""

    says: str
    breaches: Callable[[], Select[str]]


def broken(session: Session) -> dict[str, list[str]]:
    """Each invariant's sentence with the rows that break it, by name; all empty when all is well."""
    found: dict[str, list[str]] = {invariant.says: [] for invariant in INVARIANTS}
    found |= broken_rows(session)
    return {**found, "the bytes of every file that was sent are in the store": [*islice(_lost(session), MOST_SHOWN)]}


def broken_rows(session: Session) -> dict[str, list[str]]:
    """Only the sentences that are not true, the one about files left out: one statement, for asking very often."""
    found: dict[str, list[str]] = {}
    for says, row in session.connection().exec_driver_sql(_all_at_once(session.get_bind().dialect.name)):
        found.setdefault(says, []).append(str(row))
    return found


@cache
def _all_at_once(database: str) -> str:
    """Written once for each kind of database: every stage of a fuzz has an engine and a dialect of its own."""
    parts = []
    for invariant in INVARIANTS:
        breaches = invariant.breaches().limit(MOST_SHOWN).subquery()
        parts.append(select(literal(invariant.says), *breaches.c))
    dialect = URL.create(database).get_dialect()()
    return str(union_all(*parts).compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _lost(session: Session) -> Iterator[str]:
    """Uploads of which there is nothing left to open, or something else; the one question that SQL cannot answer."""
    kept = select(Upload.uid, Upload.sha256, Upload.size, Upload.preview_sha256).where(Upload.instance_id.is_not(None))
    for uid, sha256, size, preview in session.execute(kept.execution_options(yield_per=1000)):
        if store.size_of(sha256) != size or (preview is not None and store.size_of(preview) is None):
            yield uid


def _status_is_not_the_fold_of_events() -> Select[str]:
    """The newest event of an end or of a new beginning decides."""
    turning = (
        select(TimelineEvent.kind)
        .where(TimelineEvent.instance_id == Instance.id, TimelineEvent.kind.in_((*ENDINGS, REOPENED)))
        .order_by(TimelineEvent.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    last = func.coalesce(turning, REOPENED)
    wrong = [and_(Instance.status == status, last.not_in(kinds)) for status, kinds in ENDED_BY.items()]
    wrong.append(and_(Instance.status.not_in(ENDED_BY), or_(last != REOPENED, Instance.closed_at.is_not(None))))
    return select(Instance.uid).where(or_(*wrong))


def _gaps(subject: type[Instance] | type[Order]) -> Select[str]:
    key = TimelineEvent.instance_id if subject is Instance else TimelineEvent.order_id
    seqs = (
        select(key.label("id"), func.count().label("events"), func.max(TimelineEvent.seq).label("last"))
        .group_by(key)
        .subquery()
    )
    return (
        select(subject.uid)
        .outerjoin(seqs, seqs.c.id == subject.id)
        .where(
            or_(
                func.coalesce(seqs.c.events, 0) != subject.event_seq,
                func.coalesce(seqs.c.last, 0) != subject.event_seq,
            )
        )
    )


def _fired_otherwise_than_once() -> Select[str]:
    told = (
        select(func.count())
        .where(
            TimelineEvent.instance_id == Timer.instance_id,
            TimelineEvent.kind == "timer_fired",
            TimelineEvent.facts["timer"].as_string() == Timer.name,
            TimelineEvent.facts["n"].as_integer() == Timer.n,
        )
        .scalar_subquery()
    )
    fired = and_(Timer.ending == "fired", Timer.kind == "reminder")
    return select(_timer_name()).where(
        or_(and_(fired, told != 1), and_(~fired, told != 0), and_(Timer.ended_at.is_(None), told != 0))
    )


def _timer_name() -> ColumnElement[str]:
    who = select(Instance.uid).where(Instance.id == Timer.instance_id).scalar_subquery()
    return who + " " + Timer.name


def _fired_early() -> Select[str]:
    return select(_timer_name()).where(Timer.ending == "fired", Timer.ended_at < Timer.due_at)


def _ended_twice() -> Select[str]:
    def count(*kinds: str) -> ColumnElement[int]:
        events = select(func.count()).where(TimelineEvent.instance_id == Instance.id, TimelineEvent.kind.in_(kinds))
        return events.scalar_subquery()

    return select(Instance.uid).where(count(*ENDINGS) > count(REOPENED) + 1)


def _finalised_and_cancelled() -> Select[str]:
    def happened(kind: str) -> ColumnElement[bool]:
        return exists().where(TimelineEvent.order_id == Order.id, TimelineEvent.kind == kind)

    return select(Order.uid).where(happened("order_finalised"), happened("order_cancelled"))


def _effect_keys_twice() -> Select[str]:
    return select(Effect.key).group_by(Effect.key).having(func.count() > 1)


def _nobody_did_it() -> Select[str]:
    unsigned = and_(TimelineEvent.actor_kind != "system", TimelineEvent.actor_id.is_(None))
    return select(TimelineEvent.kind).where(
        or_(TimelineEvent.request_id == "", TimelineEvent.actor_name == "", unsigned)
    )


def _of_another_organisation(child: Any, parent: type[Instance] | type[Order], key: Any) -> Select[str]:
    return select(parent.uid).join(child, key == parent.id).where(child.organisation_id != parent.organisation_id)


def _progress_is_not_the_recount() -> Select[str]:
    def steps(*states: str) -> ColumnElement[int]:
        return select(func.count()).where(Step.instance_id == Instance.id, Step.state.in_(states)).scalar_subquery()

    return select(Instance.uid).where(
        or_(
            Instance.steps_done != steps("completed"),
            Instance.steps_total > select(func.count()).where(Step.instance_id == Instance.id).scalar_subquery(),
        )
    )


def _messages_with_gaps(is_internal: bool) -> Select[str]:
    """The numbers of a thread run from 1 to the last one that the instance knows, each once."""
    last = Instance.note_seq if is_internal else Instance.message_seq
    thread = (Message.instance_id == Instance.id, Message.is_internal.is_(is_internal))
    many = select(func.count()).where(*thread).scalar_subquery()
    highest = select(func.coalesce(func.max(Message.seq), 0)).where(*thread).scalar_subquery()
    return select(Instance.uid).where(or_(many != last, highest != last))


def _read_what_was_not_said() -> Select[str]:
    """Then a recount of what is unread would come to another number than the cursor."""
    return select(Instance.uid).join(ReadCursor).where(or_(ReadCursor.seq > Instance.message_seq, ReadCursor.seq < 1))


def _said_after_the_end() -> Select[str]:
    """The last turn before a message was said was none of an end."""
    turn = aliased(TimelineEvent)
    before = (
        select(turn.kind)
        .where(
            turn.instance_id == TimelineEvent.instance_id,
            turn.seq < TimelineEvent.seq,
            turn.kind.in_((*ENDINGS, REOPENED)),
        )
        .order_by(turn.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    said = TimelineEvent.kind.in_(("message_sent", "note_written"))
    return select(TimelineEvent.facts["message"].as_string()).where(said, before.in_(ENDINGS))


def _said_otherwise_than_told() -> Select[str]:
    """A message stands on the timeline once, and so with who, when and in which request it was said."""
    told = select(func.count()).where(
        TimelineEvent.instance_id == Message.instance_id,
        TimelineEvent.kind.in_(("message_sent", "note_written")),
        TimelineEvent.facts["message"].as_string() == Message.uid,
    )
    return select(Message.uid).where(told.scalar_subquery() != 1)


def _nobody_pays_back() -> Select[str]:
    """Money that is to go back and is owed by no effect would be forgotten."""
    owed = exists().where(Effect.key == Payment.uid + ":refund")
    return select(Payment.uid).where(Payment.state == "refunding", ~owed)


def _paid_otherwise_than_told() -> Select[str]:
    """A step that says it was paid names a payment of its own that was received."""
    named = TimelineEvent.facts["payment"].as_string()
    came = exists().where(Payment.uid == named, Payment.received_minor.is_not(None))
    return select(named).where(TimelineEvent.kind == "payment_received", ~came)


INVARIANTS = (
    Invariant("money that goes back is owed by an effect", _nobody_pays_back),
    Invariant("every payment that is told of was received", _paid_otherwise_than_told),
    Invariant("the status of an instance is the fold of its events", _status_is_not_the_fold_of_events),
    Invariant("the timeline of an instance has no gap", partial(_gaps, Instance)),
    Invariant("the timeline of an order has no gap", partial(_gaps, Order)),
    Invariant("a reminder that fired is told of exactly once", _fired_otherwise_than_once),
    Invariant("no timer fires before it is due", _fired_early),
    Invariant("no instance ends twice without being taken up again between", _ended_twice),
    Invariant("no order is both finalised and cancelled", _finalised_and_cancelled),
    Invariant("the key of an effect is unique", _effect_keys_twice),
    Invariant("the messages of an instance have no gap", partial(_messages_with_gaps, False)),
    Invariant("the notes of an instance have no gap", partial(_messages_with_gaps, True)),
    Invariant("nobody has read what was not said", _read_what_was_not_said),
    Invariant("no message is said after the end", _said_after_the_end),
    Invariant("every message is told of exactly once", _said_otherwise_than_told),
    Invariant("every event has an actor and a request id", _nobody_did_it),
    Invariant("progress is what a recount says", _progress_is_not_the_recount),
    *(
        Invariant(
            f"every row of {child.__tablename__} belongs to the organisation of its {parent.__tablename__[:-1]}",
            partial(_of_another_organisation, child, parent, key),
        )
        for child, parent, key in (
            (Step, Instance, Step.instance_id),
            (Submission, Instance, Submission.instance_id),
            (Review, Instance, Review.instance_id),
            (Payment, Instance, Payment.instance_id),
            (Timer, Instance, Timer.instance_id),
            (LinkHolder, Instance, LinkHolder.instance_id),
            (Message, Instance, Message.instance_id),
            (TimelineEvent, Instance, TimelineEvent.instance_id),
            (Effect, Instance, Effect.instance_id),
            (OrderLine, Order, OrderLine.order_id),
            (TimelineEvent, Order, TimelineEvent.order_id),
            (Effect, Order, Effect.order_id),
        )
    ),
)
