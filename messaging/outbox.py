"""Carries out what is owed: mails, pushes, webhooks, plugin calls, looks at files; at least once, under one key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import structlog
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from flows import access
from flows.access import read_as
from flows.actions import attaching, delivering, devices, ordering
from flows.actions.delivering import Owed
from flows.events import MailSent
from flows.models import Effect
from flows.plugin import PassingFault, PermanentFault
from flows.rules.actors import SYSTEM
from flows.work import Work, end_reading, unit_of_work
from messaging import checking, mailing, notify, peace, posting, pushing, webhooks
from messaging.payments import desk
from messaging.wanting import PutOff, SetAside

log = structlog.get_logger(__name__)

NOT_ON_THE_TIMELINE = frozenset({"order-failed", "review-waiting"})
"""Mails between staff about a customer's order or request, which its timeline need not show."""

Ending = Callable[[Work], dict[str, Any]]
"""What is written down once it is done, in the work that marks it done; gives the facts kept with the effect."""


def deliver(effect_id: int) -> bool:
    """Carry out one owed effect. True when it is done now; False when there was nothing to do or it did not work.

    What goes wrong is written on the effect (next try or incident) and never raised; only the database may raise.
    """
    kind = read_as(SYSTEM).scalar(select(Effect.kind).where(Effect.id == effect_id))
    if kind in delivering.AT_HOME:
        return _at_home(effect_id)
    with unit_of_work(SYSTEM) as work:
        owed = delivering.begin(work, effect_id)
    if owed is None:
        return False
    try:
        if owed.is_worn_out:
            raise PermanentFault("It was taken up eight times and never came to an end")
        ending = _CARRIERS[owed.kind](owed)
    except PutOff as wait:
        with unit_of_work(SYSTEM) as work:
            delivering.put_off(work, effect_id, wait.until)
        return False
    except SetAside as unwanted:
        with unit_of_work(SYSTEM) as work:
            delivering.set_aside(work, effect_id, unwanted.reason)
        return False
    except Exception as fault:  # noqa: BLE001  # whatever it is, it is written on the effect for people
        _fail(effect_id, fault)
        return False
    with unit_of_work(SYSTEM) as work:
        delivering.succeed(work, effect_id, **ending(work))
    return True


def _mail(owed: Owed) -> Ending:
    mailing.check_server()  # before it is counted among the mails of the day
    letter = posting.prepare(owed)
    end_reading()  # the mail server may take its time; no connection to the database waits with it
    mailing.send(
        letter.words,
        name=letter.name,
        address=letter.address,
        key=owed.key,
        owed_at=letter.owed_at,
        headers=letter.headers,
    )

    def ending(work: Work) -> dict[str, Any]:
        template = owed.payload["template"]
        subject = access.subject_to_change(work, owed.instance_id, owed.order_id)
        if subject is not None and template not in NOT_ON_THE_TIMELINE:
            to = letter.name or letter.address
            work.record(subject, MailSent(template, to, letter.words.subject, letter.to_staff))
        if template in posting.PROVING:
            _forget_secret(work, owed)
        return {"to": letter.address}

    return ending


def _forget_secret(work: Work, owed: Owed) -> None:
    """A code or link that signs somebody in is not kept after it was sent."""
    effect = work.session.get_one(Effect, owed.id)
    effect.payload = {**effect.payload, "scope": {}}


def _push(owed: Owed) -> Ending:
    try:
        pushing.push(owed)
    except pushing.Gone:
        with unit_of_work(SYSTEM) as work:
            devices.forget(work, owed.payload["device"])
        raise SetAside("The push service knows this device no more; it was removed") from None
    return lambda _work: {}


def _webhook(owed: Owed) -> Ending:
    end_reading()
    url = delivering.in_clear({"url": owed.payload["url"]})["url"]
    body = delivering.in_clear(owed.payload["body"])
    with peace.left_in_peace(f"webhook {urlsplit(url).netloc}"):
        answer = webhooks.post(url, owed.payload["event"], body, owed.key)

    def ending(work: Work) -> dict[str, Any]:
        on_success = owed.payload.get("on_success") or {}
        if line_uid := on_success.get("confirm_line"):
            ordering.line_answered(work, line_uid, answer.status, answer.words)
        return {"status": answer.status}

    return ending


def _check(owed: Owed) -> Ending:
    uid = owed.payload["upload"]
    verdict = checking.check(uid)

    def ending(work: Work) -> dict[str, Any]:
        judged = verdict is not None and attaching.checked(work, uid, verdict)
        return {"refused": verdict.refusal} if judged and verdict is not None and verdict.refusal else {}

    return ending


_CARRIERS: dict[str, Callable[[Owed], Ending]] = {
    "email": _mail,
    "push": _push,
    "webhook": _webhook,
    "check": _check,
    "refund": desk.give_back,
    "checkout": desk.see_to,
}


def _at_home(effect_id: int) -> bool:
    """A plugin's hook, or a child that starts, changes rows of ours: it and its being done are one transaction."""
    try:
        with unit_of_work(SYSTEM) as work:
            return delivering.call(work, effect_id)
    except OperationalError:
        raise  # the database, not the plugin: the effect stays as it is
    except Exception as fault:  # noqa: BLE001  # a plugin may fail in any way
        _fail(effect_id, fault, counted=False)
        return False


def _fail(effect_id: int, fault: Exception, counted: bool = True) -> None:
    permanent = isinstance(fault, PermanentFault)
    expected = permanent or isinstance(fault, PassingFault)
    detail = fault.detail if isinstance(fault, (PassingFault, PermanentFault)) else f"{type(fault).__name__}: {fault}"
    if not expected:
        log.error("effect_failed", effect=effect_id, exc_info=fault)
    with unit_of_work(SYSTEM) as work:
        orphan = delivering.fail(work, effect_id, detail, permanent, getattr(fault, "retry_after", 0), counted)
        if orphan is not None:
            notify.tell_of_incident(work, f"{delivering.name_of(orphan)} could not be carried out: {detail}")
