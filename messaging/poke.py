"""After a commit: which rooms hear that something changed. Ids and numbers only, never text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session, object_session
from sqlalchemy.orm.attributes import get_history

from flows import events
from flows.events import Event
from flows.models import Instance, Notice, Upload
from flows.work import Subject, Work
from messaging import redis_door

CHANNEL = "baton:live"
_CREATED = (events.InstanceStarted,)
_CLOSED = (events.InstanceCompleted, events.InstanceClosed, events.InstanceCancelled, events.InstanceExpired)
_STEP = (events.StepOpened, events.StepSubmitted, events.StepCompleted)
_TALK = (events.MessageSent, events.NoteWritten)
_PAYMENT = (
    events.PaymentOnItsWay,
    events.PaymentReceived,
    events.PaymentFailed,
    events.PaymentUnexpected,
    events.PaymentRefunded,
)

Poke = dict[str, Any]
"""`{"rooms": [...], "event": "order.updated", "payload": {"id", "seq", "type"}}`"""


def tell(work: Work) -> None:
    """Publish the pokes of one work as one JSON list."""
    pokes = [*_of_subjects(work), *_of_hints(work), *_of_notices(work), *_of_uploads(work)]
    if pokes:
        redis_door.publish(CHANNEL, json.dumps(pokes, separators=(",", ":")).encode())


def _of_subjects(work: Work) -> Iterable[Poke]:
    changed: dict[tuple[type, int], tuple[Subject, list[Event]]] = {}
    for subject, fact in work.recorded:
        changed.setdefault((type(subject), subject.id), (subject, []))[1].append(fact)
    for subject, facts in changed.values():
        yield from _of_subject(subject, facts)


def _of_subject(subject: Subject, facts: list[Event]) -> Iterable[Poke]:
    """One poke for the list and page of the thing, one more for its steps, one for the totals when it comes or goes."""
    said = [fact for fact in facts if isinstance(fact, _TALK)]
    if said and isinstance(subject, Instance):
        yield from _of_talk(subject, said)
        facts = [fact for fact in facts if fact not in said]
        if not facts:
            return
    public = [fact for fact in facts if not fact.staff_only]
    is_internal = isinstance(subject, Instance) and subject.is_internal
    rooms = ["staff", *([f"account:{subject.organisation_id}"] if public and not is_internal else [])]
    last = (public or facts)[-1].kind()
    if not isinstance(subject, Instance):
        yield _poke(rooms, "order.updated", subject.uid, subject.event_seq, last)
        return
    comes, goes = (any(isinstance(fact, kinds) for fact in facts) for kinds in (_CREATED, _CLOSED))
    name = "instance.closed" if goes else "instance.created" if comes else "instance.updated"
    yield _poke(rooms, name, subject.uid, subject.event_seq, last)
    if any(isinstance(fact, _STEP) for fact in facts):
        yield _poke(rooms, "step.updated", subject.uid, subject.event_seq, last)
    for payment in dict.fromkeys(fact.facts()["payment"] for fact in facts if isinstance(fact, _PAYMENT)):
        yield _poke(rooms, "payment.updated", payment, subject.event_seq, last)
    if comes or goes or any(isinstance(fact, events.InstanceReopened) for fact in facts):
        yield _poke(rooms, "summary.updated", subject.uid, subject.event_seq, last)


def _of_talk(instance: Instance, said: Sequence[Event]) -> Iterable[Poke]:
    """The last number of each thread; what is between staff never comes near a room of customers."""
    newest = {type(fact): fact.facts()["number"] for fact in said}
    for kind, number in newest.items():
        is_note = kind is events.NoteWritten
        rooms = ["staff", *([] if is_note or instance.is_internal else [f"account:{instance.organisation_id}"])]
        yield _poke(rooms, "message.created", instance.uid, number, "note" if is_note else "message")


def _of_hints(work: Work) -> Iterable[Poke]:
    """Who has read up to where: for those who look at the instance now; and for the other pages of whoever has read."""
    for instance, kind, number, by in work.hints:
        yield _poke([f"instance:{instance.uid}"], "message.read", instance.uid, number, kind)
        yield _poke([f"user:{by}"], "summary.updated", instance.uid, number, "read")


def _of_notices(work: Work) -> Iterable[Poke]:
    for notice in work.session.info.pop("noticed", ()):
        yield _poke([f"user:{notice.user_id}"], "notification.created", notice.uid, 0, "notice")


def _of_uploads(work: Work) -> Iterable[Poke]:
    for upload in work.session.info.pop("judged", ()):
        yield _poke([f"user:{upload.uploaded_by_id}"], "upload.updated", upload.uid, 0, upload.state)


def _poke(rooms: list[str], name: str, uid: str, seq: int, kind: str) -> Poke:
    return {"rooms": rooms, "event": name, "payload": {"id": uid, "seq": seq, "type": kind}}


@event.listens_for(Notice, "after_insert")
def _remember(_mapper: object, _connection: object, notice: Notice) -> None:
    session = object_session(notice)
    if session is not None:
        session.info.setdefault("noticed", []).append(notice)


@event.listens_for(Upload, "after_update")
def _remember_upload(_mapper: object, _connection: object, upload: Upload) -> None:
    session = object_session(upload)
    if session is not None and get_history(upload, "state").has_changes():
        session.info.setdefault("judged", []).append(upload)


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop("noticed", None)
    session.info.pop("judged", None)
