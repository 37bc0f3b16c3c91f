"""Payments that must not be made any more are called off, here and at their provider."""

from __future__ import annotations

from sqlalchemy import select, update

from flows.actions.owing import owe_to_provider
from flows.models import Effect, Instance, Payment, Step
from flows.work import Work


def cancel_open(work: Work, instance: Instance, step: Step | None = None, but: Payment | None = None) -> list[Payment]:
    """Call off what is open for an instance whose row is locked, or for one step of it; `but` stays as it is.

    Money that comes all the same is given back when it comes.
    """
    query = select(Payment).where(Payment.instance_id == instance.id, Payment.state.in_(("pending", "processing")))
    if step is not None:
        query = query.where(Payment.step_id == step.id)
    called_off = [payment for payment in work.session.scalars(query.order_by(Payment.id)) if payment is not but]
    for payment in called_off:
        call_off(work, payment)
    return called_off


def call_off(work: Work, payment: Payment) -> None:
    """One payment; its checkout is closed, so that nobody pays there what will only come back."""
    end(work, payment, "cancelled")
    if payment.provider_reference:
        owe_to_provider(work, payment, "checkout", "close")


def end(work: Work, payment: Payment, state: str) -> None:
    """The payment has come to an end: the look at its checkout that was planned is needed no more.

    Written at once, before a new payment of the same step, of which there may be one only.
    """
    payment.become(state)
    work.session.flush()
    work.session.execute(
        update(Effect)
        .where(Effect.key == f"{payment.uid}:look.{payment.looks}", Effect.state == "pending")
        .values(state="skipped", ended_at=work.now, skip_reason="It has come to an end"),
        execution_options={"synchronize_session": False},
    )
