"""Money goes back: asked for by staff, by a flow or by ourselves, carried out by the provider, or by people (X22)."""

from __future__ import annotations

from sqlalchemy import update

from flows import access
from flows.actions.owing import owe_to_provider
from flows.events import PaymentRefunded
from flows.models import Effect, Instance, Payment
from flows.rules.errors import Invalid, OutOfStep
from flows.rules.payments import IN_WORDS
from flows.words import gettext as _
from flows.work import Work

LONGEST_REASON = 400


def refund(work: Work, payment: Payment) -> bool:
    """Owe the whole of a paid payment back to the payer; asked again it does nothing, and says False.

    Its instance is locked. Raises OutOfStep when there is nothing to give back.
    """
    if payment.state in ("refunding", "refunded"):
        return False
    if payment.state != "paid":
        raise OutOfStep(_("This payment is %(state)s; there is nothing to give back", state=_(IN_WORDS[payment.state])))
    payment.become("refunding")
    owe_to_provider(work, payment, "refund", "refund")
    return True


def refund_by_staff(work: Work, payment: Payment, reason: str) -> None:
    """The same because a person decides it, with a reason (needs `cancel`)."""
    access.require(work.actor, "cancel")
    if not reason.strip():
        raise Invalid(_("Say why it is paid back"), "/reason", "required")
    if not refund(work, payment):
        raise OutOfStep(_("It is being paid back already"))
    work.audit("payment_refund_asked", payment.uid, reason=reason.strip()[:LONGEST_REASON])


def returned(work: Work, instance: Instance, payment: Payment, total_minor: int) -> None:
    """So much has gone back in all, as the provider says; hearing it again, or an older sum, changes nothing.

    A part that somebody gave back at the provider leaves the payment paid.
    """
    most = payment.amount_minor if payment.received_minor is None else payment.received_minor
    came_back = min(total_minor, most) - payment.refunded_minor
    if came_back <= 0:
        return
    payment.refunded_minor += came_back
    if payment.refunded_minor >= most and payment.state in ("paid", "refunding"):
        payment.become("refunded")
        payment.refunded_at = work.now
        _stop_owing(work, payment)
    work.record(instance, PaymentRefunded(payment.uid, came_back, payment.money_here[1]))


def _stop_owing(work: Work, payment: Payment) -> None:
    """It has gone back, by whatever hand: an incident about it is settled."""
    work.session.flush()
    work.session.execute(
        update(Effect)
        .where(Effect.key == f"{payment.uid}:refund", Effect.state.in_(("pending", "incident")))
        .values(state="skipped", ended_at=work.now, skip_reason="It has gone back"),
        execution_options={"synchronize_session": False},
    )


def paid_back(work: Work, instance: Instance, payment: Payment, reference: str) -> None:
    """Staff have given the money back by hand, as bank transfers ask for (needs `cancel`)."""
    access.require(work.actor, "cancel")
    if payment.state != "refunding":
        raise OutOfStep(
            _("This payment is %(state)s; nothing is to be paid back by hand", state=_(IN_WORDS[payment.state]))
        )
    if not reference.strip():
        raise Invalid(_("Enter what your bank statement will say"), "/reference", "required")
    returned(work, instance, payment, payment.received_minor or payment.amount_minor)
    work.audit("payment_paid_back", payment.uid, reference=reference.strip()[:LONGEST_REASON])
