"""One piece of work is one transaction: the only place that commits or rolls back."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from flows import sessions
from flows.clock import clock
from flows.events import Adjusted, Event
from flows.log import Log
from flows.models import AuditEntry, Instance, Order, TimelineEvent, traces
from flows.rules.actors import Actor
from flows.rules.errors import OutOfStep
from flows.rules.past import TRACES
from flows.words import gettext as _

log = Log(__name__)

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request or job under way; every timeline row carries it."""

Subject = Instance | Order
UNIQUE_VIOLATION = "23505"
"""What PostgreSQL calls it; SQLite says it in words."""


class Hint(NamedTuple):
    """What only those hear who look at an instance now; missed, it is seen with the next look."""

    instance: Instance
    kind: str
    number: int
    by: int | None


@dataclass
class Work:
    """What a verb needs: the session, who acts, the moment it is, and a place to say what happened."""

    session: Session
    actor: Actor
    now: datetime
    request_id: str
    recorded: list[tuple[Subject, Event]] = field(default_factory=list)
    rows: list[TimelineEvent] = field(default_factory=list)
    """The timeline rows of what is recorded, written together at the end, when it is known what the work changed."""
    hints: list[Hint] = field(default_factory=list)
    afterwards: list[Callable[[], None]] = field(default_factory=list)
    owes: bool = False
    known: dict[str, dict[int, Any]] = field(default_factory=dict)
    """What verbs have read once for this work and may need again, by its name and then by row id."""

    def record(self, subject: Subject, event: Event) -> None:
        """Say what happened to an instance or order whose row is locked; it becomes the next row of its timeline."""
        subject.event_seq += 1
        self.recorded.append((subject, event))
        self.rows.append(
            TimelineEvent(
                organisation_id=subject.organisation_id,
                instance=subject if isinstance(subject, Instance) else None,
                order=subject if isinstance(subject, Order) else None,
                seq=subject.event_seq,
                kind=event.kind(),
                at=self.now,
                facts=event.facts(),
                actor_kind=self.actor.kind,
                actor_id=self.actor.user_id,
                actor_name=self.actor.name,
                request_id=self.request_id,
            )
        )

    def audit(self, kind: str, thing: str, /, **facts: object) -> None:
        """Say what changed in something that has no timeline of its own (X10)."""
        self.session.add(
            AuditEntry(
                at=self.now,
                kind=kind,
                thing=thing[:200],
                facts=facts,
                actor_kind=self.actor.kind,
                actor_id=self.actor.user_id,
                actor_name=self.actor.name,
                request_id=self.request_id,
            )
        )

    def hint(self, subject: Instance, kind: str, number: int) -> None:
        """Tell whoever looks at it now of something that no timeline keeps, such as that it was read up to a number."""
        self.hints.append(Hint(subject, kind, number, self.actor.user_id))

    def after_commit(self, act: Callable[[], None]) -> None:
        """Run once the work is safe, in order; a failure there is logged and changes nothing."""
        self.afterwards.append(act)


Listener = Callable[[Work, Subject, Event], None]
Herald = Callable[[Work], None]

listeners: list[Listener] = []
"""Hear every recorded event inside the transaction: they owe mails and notices (`messaging.notify`)."""
heralds: list[Herald] = []
"""Hear of every finished work that recorded or owes something: live pokes and the worker's bell."""


@contextmanager
def unit_of_work(actor: Actor) -> Iterator[Work]:
    """Open a writing transaction for `actor`; one commit when the block ends well, none when it raises.

    Rows read before are let go, so that everything inside is read under this transaction. Raises OutOfStep when a twin
    at the same moment wrote what may be there only once.
    """
    session = sessions.session()
    if session.info.get("working"):
        raise RuntimeError("a unit of work is open already; a verb takes the `work` it was given")
    _let_go(session)  # first, so that rows read before keep their values and can still be shown
    session.rollback()
    session.info.update(actor=actor, working=True)
    work = Work(session, actor, clock.now(), request_id.get() or new_request_id())
    try:
        session.connection(execution_options={sessions.WRITES: True})
        traces.begin(session)
        yield work
        _tell_listeners(work)
        _write_timeline(work)
        session.commit()
    except IntegrityError as conflict:
        session.rollback()
        if not _is_twin(conflict):
            raise
        log.warning("twin_refused", request_id=work.request_id, error=str(conflict.orig)[:200])
        raise OutOfStep(_("The same was done elsewhere at this very moment. Look again, then retry")) from conflict
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info["working"] = False
        traces.end(session)
    _tell_heralds(work)


def _is_twin(conflict: IntegrityError) -> bool:
    """Whether a unique key refused the row; any other broken constraint is a mistake of ours."""
    state = getattr(conflict.orig, "sqlstate", None)
    return state == UNIQUE_VIOLATION if state else "UNIQUE constraint" in str(conflict.orig)


def end_reading() -> None:
    """Let the reading transaction go, so that a long wait afterwards (a mail, say) holds no connection."""
    session = sessions.session()
    _let_go(session)
    session.rollback()


def keep(session: Session, row: object) -> None:
    """Hold a row until this transaction ends: `get` then finds it without asking, where the session would forget it."""
    session.info.setdefault("kept", set()).add(row)


def _let_go(session: Session) -> None:
    session.info["kept"] = set()
    session.expunge_all()


def new_request_id() -> str:
    return secrets.token_hex(8)


def _tell_listeners(work: Work) -> None:
    heard = 0
    while heard < len(work.recorded):  # a listener may record something itself
        subject, event = work.recorded[heard]
        heard += 1
        for listener in listeners:
            listener(work, subject, event)


def _write_timeline(work: Work) -> None:
    """Every change of an instance stands with the last event that the work tells of it: nothing changes in silence."""
    changed = traces.of_work(work.session)
    traces.end(work.session)
    told = {row.instance.id: row for row in work.rows if row.instance is not None}
    for instance_id in changed.keys() - told.keys():
        work.record(work.session.get_one(Instance, instance_id), Adjusted())
        told[instance_id] = work.rows[-1]
    for instance_id, row in told.items():
        row.facts = {**row.facts, TRACES: changed.get(instance_id, {})}
    work.session.add_all(work.rows)


def _tell_heralds(work: Work) -> None:
    acts = [*work.afterwards]
    if work.recorded or work.owes or work.hints:
        acts += [lambda herald=herald: herald(work) for herald in heralds]  # type: ignore[misc]  # mypy cannot infer a lambda with a default
    for act in acts:
        try:
            act()
        except Exception:  # the work is safe; what follows it is only quicker news
            log.exception("after_commit_failed", request_id=work.request_id)
