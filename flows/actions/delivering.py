"""The life of an owed effect: taken up, done, tried again, given up as an incident, retried or skipped by people (X36)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from flows import access, catalogue
from flows.actions import calling, ordering, versions
from flows.actions.scope import scope_of
from flows.events import EffectGaveUp, EffectRetried, EffectSkipped
from flows.models import Effect, Instance, Order
from flows.models.effects import MOST_TRIES
from flows.plugin import PermanentFault
from flows.rules.errors import Invalid, OutOfStep
from flows.work import Work

LEASE = timedelta(seconds=120)
BACK_OFF = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 7200, 21600))
"""How long to wait after each failed try; about eight and a half hours in all before people are asked."""
KEPT_FAULTS = 8


@dataclass(frozen=True)
class Owed:
    """An effect taken up: plain values, so that it can be carried out with no transaction open."""

    id: int
    key: str
    kind: str
    payload: Mapping[str, Any]
    tries: int
    instance_id: int | None
    order_id: int | None
    organisation_id: int | None


def begin(work: Work, effect_id: int) -> Owed | None:
    """Take an effect up for two minutes; None when it is not pending, not due, or waits for one before it in its chain.

    A reminder whose instance has ended meanwhile is skipped: reminders stop once completed (A11).
    """
    effect = _take(work, effect_id)
    if effect is None:
        return None
    instance = work.session.get(Instance, effect.instance_id) if effect.instance_id is not None else None
    if effect.payload.get("while_open") and instance is not None and not instance.is_open:
        _end(work, effect, "skipped")
        effect.skip_reason = "The task ended before this was sent"
        return None
    effect.tries += 1
    effect.next_at = work.now + LEASE
    return Owed(
        effect.id,
        effect.key,
        effect.kind,
        _payload(work, effect, instance),
        effect.tries,
        effect.instance_id,
        effect.order_id,
        effect.organisation_id,
    )


def succeed(work: Work, effect_id: int, **facts: Any) -> None:
    """It is done. What was learnt (a message id, a status) is kept with it."""
    effect = _locked(work, effect_id)
    _end(work, effect, "done")
    if facts:
        effect.payload = {**effect.payload, "result": facts}
    _wake_next(work, effect)


def fail(work: Work, effect_id: int, detail: str, permanent: bool = False, retry_after: int = 0) -> None:
    """It did not work: try again later, or after the eighth try (at once when `permanent`) make it an incident."""
    instance_id = work.session.scalar(select(Effect.instance_id).where(Effect.id == effect_id))
    subject: Instance | Order | None = access.instance_to_change(work, instance_id) if instance_id is not None else None
    effect = _locked(work, effect_id)
    if effect.state != "pending":
        return  # another hand has done it meanwhile
    effect.faults = [*effect.faults, {"at": work.now.isoformat(), "try": effect.tries, "detail": detail[:500]}][
        -KEPT_FAULTS:
    ]
    if not permanent and effect.tries < MOST_TRIES:
        wait = BACK_OFF[min(effect.tries, len(BACK_OFF)) - 1]
        effect.next_at = work.now + max(wait, timedelta(seconds=retry_after))
        effect.hints = 0
        return
    _end(work, effect, "incident")
    if effect.order_id is not None:
        subject = access.order_to_change(work, str(effect.order_id + ordering.FIRST_NUMBER))
    if subject is not None:
        work.record(subject, EffectGaveUp(name_of(effect), detail[:500], effect.tries))
    ordering.note_incident(work, effect, detail)


def call(work: Work, effect_id: int) -> bool:
    """Run a plugin call and mark it done in one transaction: it happens exactly once. False when there was nothing to do.

    Faults pass through; the caller opens a second work and says `fail`.
    """
    effect = _take(work, effect_id)
    if effect is None:
        return False
    spec = catalogue.current().action(effect.payload["name"])
    if spec is None:
        raise PermanentFault(f"No plugin offers {effect.payload['name']}; install it, then retry")
    effect.tries += 1
    spec.call(calling.HookContext(work, effect), **effect.payload["with"])
    _end(work, effect, "done")
    _wake_next(work, effect)
    return True


def count_try(work: Work, effect_id: int) -> None:
    """A call that raised undid its own count with everything else; count it again before `fail`."""
    effect = _locked(work, effect_id)
    if effect.state == "pending":
        effect.tries += 1


def retry(work: Work, effect: Effect) -> None:
    """People have mended the cause: try an incident again from the start."""
    if effect.state != "incident":
        raise OutOfStep(f"This is {effect.state} already, not an incident")
    effect.state, effect.tries, effect.hints, effect.next_at, effect.ended_at = "pending", 0, 0, work.now, None
    work.owes = True
    _record(work, effect, EffectRetried(name_of(effect)))
    ordering.note_retry(work, effect)
    work.audit("effect_retried", effect.key)


def skip(work: Work, effect: Effect, reason: str) -> None:
    """People decide that this will not be done; what waits behind it goes on. A reason is required."""
    if effect.state != "incident":
        raise OutOfStep(f"This is {effect.state} already, not an incident")
    if not reason.strip():
        raise Invalid("Say why it is skipped", "/reason", "required")
    _end(work, effect, "skipped")
    effect.skip_reason = reason.strip()[:400]
    _record(work, effect, EffectSkipped(name_of(effect), effect.skip_reason))
    work.audit("effect_skipped", effect.key, reason=effect.skip_reason)
    _wake_next(work, effect)


def name_of(effect: Effect) -> str:
    """What people call it: the mail's template, the call's name, the webhook's event."""
    return f"{effect.kind} {effect.payload.get('template') or effect.payload.get('name') or effect.payload.get('event') or ''}".strip()


def _take(work: Work, effect_id: int) -> Effect | None:
    earlier = aliased(Effect)
    waits = exists().where(
        earlier.chain == Effect.chain,
        earlier.position < Effect.position,
        earlier.state.in_(("pending", "incident")),
        earlier.kind == "call",
    )
    query = select(Effect).where(Effect.id == effect_id, Effect.state == "pending", Effect.next_at <= work.now, ~waits)
    return work.session.scalar(query.with_for_update(of=Effect, skip_locked=True))


def _locked(work: Work, effect_id: int) -> Effect:
    return work.session.scalars(select(Effect).where(Effect.id == effect_id).with_for_update(of=Effect)).one()


def _payload(work: Work, effect: Effect, instance: Instance | None) -> Mapping[str, Any]:
    """A mail about an instance is written from what is true when it is sent."""
    if effect.kind != "email" or instance is None:
        return effect.payload
    definition = versions.definition_of(work.session, instance)
    scope = scope_of(work.session, instance, definition, work.now)
    return {**effect.payload, "scope": {**scope, **effect.payload["scope"]}}


def _end(work: Work, effect: Effect, state: str) -> None:
    effect.state, effect.ended_at = state, work.now


def _wake_next(work: Work, effect: Effect) -> None:
    work.owes = True


def _record(work: Work, effect: Effect, event: EffectRetried | EffectSkipped) -> None:
    if effect.instance_id is not None:
        work.record(access.instance_to_change(work, effect.instance_id), event)
    elif effect.order_id is not None:
        work.record(access.order_to_change(work, str(effect.order_id + ordering.FIRST_NUMBER)), event)
