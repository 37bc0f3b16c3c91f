"""The life of an owed effect: taken up, done, tried again, given up as an incident, retried or skipped (X36)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, bindparam, exists, select
from sqlalchemy.orm import aliased

from flows import access, catalogue
from flows.actions import attaching, calling, children, ordering, sealing, versions
from flows.actions.scope import EVERYTHING, instance_words, roots, scope_of, words_of
from flows.events import EffectGaveUp, EffectRetried, EffectSkipped
from flows.models import Effect, Instance
from flows.models.base import Moment
from flows.models.effects import MOST_TRIES
from flows.plugin import PermanentFault
from flows.rules import private
from flows.rules.errors import Invalid, OutOfStep
from flows.rules.expressions import ExpressionProblem, compile_text
from flows.words import N_, in_each
from flows.words import gettext as _
from flows.work import Work

LEASE = timedelta(seconds=120)
BACK_OFF = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 7200, 21600))
"""How long to wait after each failed try; nearly nine hours in all before people are asked."""
KEPT_FAULTS = 8
SETTLED = {"pending": N_("pending"), "done": N_("done"), "skipped": N_("skipped")}
"""What an effect is that is no incident, in words."""
AT_HOME = frozenset({"call", *children.CARRIERS})
"""Kinds that change rows of ours and nothing else, so that doing it and its being done are one transaction."""


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

    @property
    def is_worn_out(self) -> bool:
        """Taken up once too often: whoever carried it out before ended in the middle, each time, and said nothing."""
        return self.tries > MOST_TRIES


def begin(work: Work, effect_id: int, languages: Collection[str] | None = None) -> Owed | None:
    """Take an effect up for two minutes; None when it is not pending, not due, or waits for one before it in its chain.

    A reminder whose instance has ended meanwhile is skipped: reminders stop once completed (A11). `languages` are
    those in which it may be read.
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
        _payload(work, effect, instance, languages),
        effect.tries,
        effect.instance_id,
        effect.order_id,
        effect.organisation_id,
    )


def succeed(work: Work, effect_id: int, **facts: Any) -> None:
    """It is done. What was learnt (a message id, a status) is kept with it."""
    effect = _taken(work, effect_id)
    _end(work, effect, "done")
    if facts:
        effect.payload = {**effect.payload, "result": facts}


def put_off(work: Work, effect_id: int, until: datetime) -> None:
    """Its reader has quiet hours, or the mail server is away: it waits until then, and this was no try."""
    effect = _taken(work, effect_id)
    effect.next_at, effect.tries, effect.hints = until, effect.tries - 1, 0


def set_aside(work: Work, effect_id: int, reason: str) -> None:
    """Its reader does not want it: it is skipped, and why is kept with it."""
    effect = _taken(work, effect_id)
    _end(work, effect, "skipped")
    effect.skip_reason = reason[:400]


def fail(
    work: Work, effect_id: int, detail: str, permanent: bool = False, retry_after: int = 0, counted: bool = True
) -> Effect | None:
    """It did not work: try again later, or after the eighth try (at once when `permanent`) make it an incident.

    A call that raised undid its own count with everything else: `counted=False` counts the try here. `retry_after` is
    in seconds. Gives back an incident that is about nothing with a timeline, which nobody has been told of yet.
    """
    held = access.effect_to_change(work, effect_id)
    effect = held.effect
    if effect.state != "pending":
        return None  # another hand has done it meanwhile
    effect.tries += not counted
    fault = {"at": work.now.isoformat(), "try": effect.tries, "detail": detail[:500]}
    effect.faults = [*effect.faults, fault][-KEPT_FAULTS:]
    if not permanent and effect.tries < MOST_TRIES:
        effect.next_at = work.now + max(BACK_OFF[effect.tries - 1], timedelta(seconds=retry_after))
        effect.hints = 0
        return None
    _end(work, effect, "incident")
    if held.subject is not None:
        work.record(held.subject, EffectGaveUp(name_of(effect), detail[:500], effect.tries))
    if held.order is not None:
        ordering.note_incident(work, held.order, effect, detail)
    if effect.kind == "check":
        attaching.give_up_check(work, effect.payload["upload"])
    return effect if held.subject is None else None


def call(work: Work, effect_id: int) -> bool:
    """Carry out what is done in the house (`AT_HOME`) and mark it done in one transaction: it happens exactly once.

    False: there was nothing to do. Faults pass through; the caller opens a second work and says `fail`.
    """
    held = access.effect_to_change(work, effect_id)  # what it is about is changed, and that is locked first
    effect = _take(work, effect_id)
    if effect is None:
        return False
    effect.tries += 1
    carrier = children.CARRIERS.get(effect.kind)
    if carrier is None:
        _call_plugin(work, effect)
    elif held.instance is not None:
        carrier(work, effect, held.instance)
    _end(work, effect, "done")
    return True


def _call_plugin(work: Work, effect: Effect) -> None:
    spec = catalogue.current().action(effect.payload["name"])
    if spec is None:
        raise PermanentFault(f"No plugin offers {effect.payload['name']}; install it, then retry")
    spec.call(calling.HookContext(work, effect), **in_clear(effect.payload["with"]))


def retry(work: Work, effect_id: int) -> None:
    """People have mended the cause: try an incident again from the start (needs `health`)."""
    held = _incident(work, effect_id)
    effect = held.effect
    effect.state, effect.tries, effect.hints, effect.next_at, effect.ended_at = "pending", 0, 0, work.now, None
    work.owes = True
    if held.subject is not None:
        work.record(held.subject, EffectRetried(name_of(effect)))
    if held.order is not None:
        ordering.note_retry(held.order)
    if effect.kind == "check":
        attaching.check_again(work, effect.payload["upload"])
    work.audit("effect_retried", effect.key)


def skip(work: Work, effect_id: int, reason: str) -> None:
    """People decide that this will not be done; what waits behind it goes on. A reason is required (needs `health`)."""
    held = _incident(work, effect_id)
    if not reason.strip():
        raise Invalid(_("Say why it is skipped"), "/reason", "required")
    _end(work, held.effect, "skipped")
    held.effect.skip_reason = reason.strip()[:400]
    if held.subject is not None:
        work.record(held.subject, EffectSkipped(name_of(held.effect), held.effect.skip_reason))
    work.audit("effect_skipped", held.effect.key, reason=held.effect.skip_reason)


def name_of(effect: Effect) -> str:
    """What people call it: the mail's template, the call's name, the webhook's event, the file."""
    names = (effect.payload.get(key) for key in ("template", "name", "event", "upload"))
    return f"{effect.kind} {next(filter(None, names), '')}".strip()


@cache
def waits_its_turn() -> ColumnElement[bool]:
    """An effect waits while a call or the start of a child before it in its chain has not ended."""
    before = aliased(Effect)
    return exists().where(
        before.chain == Effect.chain,
        before.position < Effect.position,
        before.kind.in_(("call", "start")),
        before.state.in_(("pending", "incident")),
    )


def _take(work: Work, effect_id: int) -> Effect | None:
    found: Effect | None = access.locked(work, _due_effect(), {"effect": effect_id, "now": work.now})
    work.known.setdefault("taken", {})[effect_id] = found
    return found


@cache
def _due_effect() -> Select[Effect]:
    effect, now = bindparam("effect", type_=Integer), bindparam("now", type_=Moment)
    due = select(Effect).where(Effect.id == effect, Effect.state == "pending", Effect.next_at <= now, ~waits_its_turn())
    return due.with_for_update(of=Effect, skip_locked=True)


def _taken(work: Work, effect_id: int) -> Effect:
    """Locked; where this very work took it up, it holds the lock already."""
    mine: Effect | None = work.known.get("taken", {}).get(effect_id)
    query = select(Effect).where(Effect.id == effect_id).with_for_update(of=Effect)
    return mine or access.locked(work, query)


def _incident(work: Work, effect_id: int) -> access.Held:
    held = access.effect_to_change(work, effect_id)
    if held.effect.state != "incident":
        raise OutOfStep(_("This is %(state)s already, not an incident", state=_(SETTLED[held.effect.state])))
    return held


def _payload(
    work: Work, effect: Effect, instance: Instance | None, languages: Collection[str] | None
) -> Mapping[str, Any]:
    """A mail about an instance is written from what is true when it is sent; `private` names what it masks (X20).

    What it says of the instance in words, and the `words` that stand in its holes, are there in each language, as
    nobody has looked yet who reads it.
    """
    if effect.kind != "email" or instance is None:
        return effect.payload
    definition, holes = versions.definition_of(work.session, instance), _holes(effect.payload["template"])
    others = EVERYTHING - {"instance"}  # which is said in words
    scope = scope_of(work.session, instance, definition, work.now, others if holes is None else others & roots(holes))
    scope["instance"] = in_each(lambda: _in_words(work, instance), languages)
    names = {name for name in holes or () if not roots([name]) & effect.payload["scope"].keys()}
    return {
        **effect.payload,
        "scope": {**scope, **effect.payload["scope"]},
        "private": sorted(private.names_of(definition)),
        "words": in_each(lambda: _told(work, instance, names), languages),
    }


def _holes(template: str) -> Collection[str] | None:
    """The names in the holes of a flow's mail, in whatever language; None for the product's own, which has no flow.

    Of one that cannot be read there are none: whoever writes it says so.
    """
    mails = [*catalogue.current().mails(template)]
    try:
        texts = [compile_text(text) for mail in mails for text in (mail.subject, mail.body)]
    except ExpressionProblem:
        return ()
    return {name for text in texts for name in text.names} if mails else None


def _told(work: Work, instance: Instance, names: Collection[str]) -> dict[str, str]:
    return words_of(instance, versions.spoken_of(work.session, instance), names, work.now) if names else {}


def _in_words(work: Work, instance: Instance) -> dict[str, Any]:
    title = versions.said_of(work.session, instance, "title")
    return {**instance_words(instance, work.now), "title": title}


def in_clear(values: Mapping[str, Any]) -> dict[str, Any]:
    """What was sealed while it waited, opened at the moment it is handed out. PermanentFault when its key is gone."""
    try:
        return {name: sealing.unsealed(value) for name, value in values.items()}
    except sealing.KeyLost:
        raise PermanentFault(sealing.KEY_LOST) from None


def _end(work: Work, effect: Effect, state: str) -> None:
    """What waits behind it in its chain may go on now, so the bell is rung."""
    effect.state, effect.ended_at = state, work.now
    work.owes = True
