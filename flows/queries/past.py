"""An instance as it was: the rows of any moment of its life, made anew from its timeline and what was sent.

What comes out is an `Instance` with `Step`s that no session knows: everything that reads an instance reads it as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager, joinedload, object_session
from sqlalchemy.sql.base import ExecutableOption

from flows.access import named_instance, read_as
from flows.models import FlowVersion, Instance, Step, Submission, TimelineEvent, User
from flows.rules.actors import Actor
from flows.rules.errors import Invalid, Refused
from flows.rules.past import (
    OF_INSTANCE,
    OF_STEP,
    Moment,
    NotRecorded,
    Picture,
    moment_at,
    moment_of,
    moments,
    picture,
    recorded_from,
)
from flows.rules.words import moment_in_words
from flows.words import gettext as _

KEPT = (
    "id", "uid", "flow", "parent_id", "title", "kind", "source", "once_key", "subject", "organisation_id",
    "customer_name", "customer_address", "is_internal", "time_zone", "created_at",
)  # fmt: skip
"""What of an instance never changes, or is not asked about as it was."""
PARTS = ("customer_id", "creator_id", "assignee_id")
Sent = Mapping[tuple[int, int], Mapping[str, Any]]
"""Answers by the row id of a step and the attempt."""


@dataclass(frozen=True)
class Life:
    """An instance with everything that its past is made from. `beginning` is the first moment that can be pictured."""

    today: Instance
    moments: Sequence[Moment]
    sent: Sent
    people: Mapping[int, User]

    @property
    def beginning(self) -> Moment | None:
        return recorded_from(self.moments)

    def shows(self, moment: Moment) -> bool:
        """Whether that moment can be pictured."""
        return self.beginning is not None and self.beginning.seq <= moment.seq

    def find(self, at: datetime | None = None, seq: int | None = None) -> Moment:
        """The last moment up to `at`, or the one with the event `seq`; without either the newest.

        Raises Invalid for what was before its beginning, or before anything was recorded.
        """
        if seq is not None:
            found = moment_of(self.moments, seq)
        else:
            found = self.moments[-1] if at is None else moment_at(self.moments, at)
        if found is None:
            began = moment_in_words(self.today.created_at, self.today.time_zone)
            raise Invalid(
                _("%(ref)s has no such moment; it began on %(moment)s", ref=self.today.reference, moment=began),
                "/moment",
                "no-moment",
            )
        return found

    def at(self, moment: Moment) -> AsItWas:
        """Raises Invalid where nothing was recorded yet."""
        values = {name: getattr(self.today, name) for name in OF_INSTANCE}
        steps = {step.id: {name: getattr(step, name) for name in OF_STEP} for step in self.today.steps}
        try:
            taken = picture(self.moments, moment, values, steps)
        except NotRecorded as unknown:
            raise Invalid(_not_recorded(self.today, unknown.since), "/moment", "not-recorded") from None
        return AsItWas(self, taken, _instance(self, taken))


@dataclass(frozen=True)
class AsItWas:
    """One moment: the picture, and the instance of that moment. Nothing that is done to it is kept."""

    life: Life
    picture: Picture
    instance: Instance

    @property
    def moment(self) -> Moment:
        return self.picture.moment

    def because(self, name: str) -> Moment | None:
        """The moment that gave a value: of the instance by its name, of a step as "steps.<name>.<value>"."""
        return self.picture.since.get(name)


def life_of(actor: Actor, reference: str) -> Life:
    """By reference or opaque id, in three statements. Only for staff: a picture shows what customers do not see."""
    session = read_as(actor)
    if actor.kind == "customer":
        raise Refused(_("No such task"))
    query = named_instance(actor, reference).add_columns(Submission)
    query = query.outerjoin(Step, Step.instance_id == Instance.id)
    query = query.outerjoin(Submission, Submission.step_id == Step.id).order_by(Step.position, Submission.attempt)
    rows = session.execute(query.options(*_beside())).unique().all()
    if not rows:
        raise Refused(_("No such task"))
    instance = rows[0][0]
    sent = {(one.step_id, one.attempt): one.answers for _, one in rows if one is not None}
    told = select(TimelineEvent).where(TimelineEvent.instance_id == instance.id).order_by(TimelineEvent.seq)
    life = moments(session.scalars(told).all())
    return Life(instance, life, sent, _people(session, instance, life))


def _beside() -> tuple[ExecutableOption, ...]:
    """Its steps, its customer, and the version of its flow; the text of a version that is served is at hand already."""
    of_version = (FlowVersion.flow, FlowVersion.number, FlowVersion.content_hash, FlowVersion.plugin)
    return (
        contains_eager(Instance.steps),
        joinedload(Instance.organisation),
        joinedload(Instance.flow_version).load_only(*of_version),
    )


def version_of(life: Life, instance: Instance) -> FlowVersion:
    """The version of the flow that an instance stood on, as it was; a statement more when it is not today's."""
    today = life.today
    if instance.flow_hash == today.flow_hash:
        return today.flow_version
    query = select(FlowVersion).where(FlowVersion.flow == instance.flow)
    session = object_session(today)
    assert session is not None
    return session.scalars(query.where(FlowVersion.content_hash == instance.flow_hash)).one()


def _people(session: Session, instance: Instance, life: Sequence[Moment]) -> dict[int, User]:
    """Everybody who ever had a part in it, at hand while one looks."""
    ids = {getattr(instance, name) for name in PARTS}
    ids |= {pair[1] for one in life for name, pair in (one.traces or {}).items() if name in PARTS}
    ids |= {event.actor_id for one in life for event in one.events if isinstance(event, TimelineEvent)}
    return {row.id: row for row in session.scalars(select(User).where(User.id.in_(ids - {None})))}


def _instance(life: Life, taken: Picture) -> Instance:
    """The rows of a moment. What holds the baton since when, and what a step is called, follow from the picture."""
    today, then = life.today, dict(taken.values)
    since = taken.since.get("waiting_on")
    made = Instance(
        **{name: getattr(today, name) for name in KEPT},
        **then,
        inputs=taken.under_names_of_then(today.inputs),
        waiting_since=since.at if since is not None and then["waiting_on"] else None,
        waited={},
        last_activity_at=taken.moment.at,
        event_seq=taken.moment.seq,
    )
    made.flow_version_id = today.flow_version_id  # the text of an older one is found by its hash
    rows = {step.id: step for step in today.steps}
    made.steps = [_step(life, taken, row_id, values, rows.get(row_id)) for row_id, values in taken.steps.items()]
    return made


def _step(life: Life, taken: Picture, row_id: int, values: Mapping[str, Any], today: Step | None) -> Step:
    """`today` is None for a step that is not there any more: a move brought it, and was taken back."""
    attempt = values.get("attempt") or 0
    return Step(
        id=row_id,
        uid=today.uid if today is not None else "",
        labels=today.labels if today is not None else {},
        answers=_answers(life, taken, today, attempt),
        **{"check_again": False, "due_at": None, **values, "attempt": attempt},
    )


def _answers(life: Life, taken: Picture, today: Step | None, attempt: int) -> Mapping[str, Any]:
    """Those of the attempt that stood there; the newest stand on the step itself, as its version has them."""
    if today is None or not attempt:
        return {}
    if attempt == today.attempt and taken.values["flow_hash"] == life.today.flow_hash:
        return today.answers
    return taken.under_names_of_then(life.sent.get((today.id, attempt), {}))


def _not_recorded(instance: Instance, since: datetime | None) -> str:
    if since is None:
        return _("What %(ref)s was like in the past was not recorded", ref=instance.reference)
    when = moment_in_words(since, instance.time_zone)
    return _("What %(ref)s was like was not recorded before %(when)s", ref=instance.reference, when=when)
