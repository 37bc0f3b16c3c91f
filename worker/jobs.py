"""What RQ may run: one thin function for each kind of later, given ids only; a second run does nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog
from rq.timeouts import BaseTimeoutException

from flows.actions.firing import fire_due
from flows.rules.actors import SYSTEM
from flows.work import new_request_id, request_id, unit_of_work
from messaging import outbox

log = structlog.get_logger(__name__)


def fire(instance_ids: Iterable[int]) -> None:
    """Fire the due timers of these instances, each in a work of its own (A10, A11)."""
    _one_by_one("fire", instance_ids, _fire)


def deliver(effect_ids: Iterable[int]) -> None:
    """Carry out these owed effects: mails, calls, webhooks (X36)."""
    _one_by_one("deliver", effect_ids, outbox.deliver)


def _fire(instance_id: int) -> None:
    with unit_of_work(SYSTEM) as work:
        fire_due(work, instance_id)


def _one_by_one(what: str, ids: Iterable[int], act: Callable[[int], object]) -> None:
    """One that fails is logged, comes again with a later tick, and never hides the others."""
    for row_id in ids:
        before = request_id.set(new_request_id())
        try:
            act(row_id)
        except BaseTimeoutException:
            log.error("job_took_too_long", job=what, id=row_id)
            raise
        except Exception:
            log.exception("job_failed", job=what, id=row_id)
        finally:
            request_id.reset(before)
