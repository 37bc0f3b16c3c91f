"""One table: for every kind of event, who hears of it on which channel, or that nobody does and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from flows import events
from flows import settings as settings_room
from flows.actions.owing import owe_mail, recipients
from flows.events import Event
from flows.models import Instance, Notice, Order, Payment, Role, User
from flows.rules.words import day_in_words, money_in_words
from flows.work import Subject, Work
from messaging import cases, guided

INCIDENTS = "/admin/outbox/"
"""Where staff see to what could not be delivered."""

Told = Callable[[Work, Any, Any], None]


@dataclass(frozen=True)
class Silent:
    """Nobody is told by the product itself, because of this."""

    because: str


def hear(work: Work, subject: Subject, fact: Event) -> None:
    """Owe what the table says, in the transaction of the event."""
    told = TABLE[type(fact)]
    if not isinstance(told, Silent):
        told(work, subject, fact)


# --- mails about orders -----------------------------------------------------------------------------------------


def _order_placed(work: Work, order: Order, fact: events.OrderPlaced) -> None:
    """Always a confirmation; it says whether something is still needed."""
    waiting = [e for s, e in work.recorded if s is order and isinstance(e, events.OrderAwaitingDetails)]
    _mail_buyer(
        work,
        order,
        "order-placed",
        outstanding=sum(len(e.instances) for e in waiting),
        total=money_in_words(fact.total_minor, fact.currency),
        placed_on=day_in_words(order.placed_at, order.organisation.time_zone),
    )


def _order_completed(work: Work, order: Order, _fact: events.OrderCompleted) -> None:
    _mail_buyer(work, order, "order-completed")


def _order_cancelled(work: Work, order: Order, fact: events.OrderCancelled) -> None:
    """An expired task tells it in its own mail."""
    if fact.reason != "expired":
        _mail_buyer(work, order, "order-cancelled", reason=fact.text)


def _order_failed(work: Work, order: Order, fact: events.OrderFailed) -> None:
    for user_id in _staff_who_may(work, "orders"):
        _mail(work, order, "order-failed", user_id, cause=fact.cause)


def _mail_buyer(work: Work, order: Order, kind: str, **more: Any) -> None:
    _mail(work, order, kind, order.placed_by_id, **more)


def _mail(work: Work, order: Order, kind: str, user_id: int, **more: Any) -> None:
    """Who they are, and in which language they read, is looked up when it is sent."""
    owe_mail(
        work,
        key=f"{order.uid}:{order.event_seq}:{kind}:{user_id}",
        template=kind,
        to=user_id,
        scope={"order": _words(order), **more},
        subject=order,
    )


def _words(order: Order) -> Mapping[str, Any]:
    origin = settings_room.current().origin
    return {
        "ref": order.reference,
        "customer": order.customer_name,
        "url": f"{origin}/orders/{order.number}",
        "staff_url": f"{origin}/admin/orders/{order.number}",
    }


# --- mails about payments ---------------------------------------------------------------------------------------


def _payment_received(work: Work, instance: Instance, fact: events.PaymentReceived) -> None:
    _mail_payer(work, instance, "payment-receipt", fact.payment, money=money_in_words(fact.amount_minor, fact.currency))


def _payment_failed(work: Work, instance: Instance, fact: events.PaymentFailed) -> None:
    _mail_payer(work, instance, "payment-failed", fact.payment, why=fact.why)


def _payment_unexpected(work: Work, instance: Instance, fact: events.PaymentUnexpected) -> None:
    money = money_in_words(fact.amount_minor, fact.currency)
    _mail_payer(work, instance, "payment-returned", fact.payment, money=money, why=fact.why)


def _payment_refunded(work: Work, instance: Instance, fact: events.PaymentRefunded) -> None:
    money = money_in_words(fact.amount_minor, fact.currency)
    _mail_payer(work, instance, "payment-refunded", fact.payment, money=money)


def _mail_payer(work: Work, instance: Instance, kind: str, uid: str, **more: Any) -> None:
    """To whoever paid; when staff saw the money on the bank statement, to those the task is for."""
    payment = work.session.scalars(select(Payment).where(Payment.uid == uid)).one()
    zone = instance.time_zone
    words = {
        "title": payment.title,
        "reference": payment.reference,
        "paid_on": day_in_words(payment.paid_at, zone) if payment.paid_at else "",
        "url": f"{settings_room.current().origin}/tasks/{instance.reference}/steps/{payment.step.name}/pay",
    }
    for user_id in [payment.begun_by_id] if payment.begun_by_id else recipients(work, instance, None):
        key = f"{uid}:{instance.event_seq}:{kind}:{user_id}"
        owe_mail(work, key=key, template=kind, to=user_id, scope={"payment": words, **more}, subject=instance)


# --- whose work it is -------------------------------------------------------------------------------------------


def _assigned(work: Work, instance: Instance, fact: events.Assigned) -> None:
    told = cases.assigned if instance.state is not None else guided.assigned
    told(work, instance, fact)


# --- notices for staff ------------------------------------------------------------------------------------------


def _gave_up(work: Work, subject: Subject, fact: events.EffectGaveUp) -> None:
    said = f"{fact.what} for {subject.reference} could not be delivered: {fact.cause}"
    text = said if fact.tries else f"{subject.reference}: {fact.cause}"
    tell_of_incident(work, text, subject.organisation_id)


def tell_of_incident(work: Work, text: str, organisation_id: int | None = None) -> None:
    """One notice a person until it is seen, however many incidents an outage brings."""
    staff = _staff_who_may(work, "health")
    unseen = select(Notice.user_id).where(Notice.user_id.in_(staff), Notice.url == INCIDENTS, Notice.seen_at.is_(None))
    told = {*work.session.scalars(unseen), *(new.user_id for new in work.session.new if isinstance(new, Notice))}
    for user_id in staff:
        if user_id not in told:
            work.session.add(
                Notice(
                    user_id=user_id,
                    organisation_id=organisation_id,
                    text=text[:400],
                    link_text="See to it",
                    url=INCIDENTS,
                    created_at=work.now,
                )
            )


def _staff_who_may(work: Work, permission: str) -> list[int]:
    roles = [role.id for role in work.session.scalars(select(Role)) if permission in role.permissions]
    query = select(User.id).join(User.roles).where(Role.id.in_(roles), User.kind == "staff", User.is_active)
    return list(work.session.scalars(query.distinct().order_by(User.id)))


_BY_FLOW = Silent("the flow says in its effects who hears of this")
_ON_THE_TIMELINE = Silent("it stands on the timeline; nobody has to do anything")

_IN_THE_CONVERSATION = Silent("it stands in the conversation and counts as unread for whomever it is for")

TABLE: Mapping[type[Event], Told | Silent] = {
    events.InstanceStarted: guided.started,
    events.StepOpened: guided.step_opened,
    events.StepSubmitted: _BY_FLOW,
    events.StepCompleted: _BY_FLOW,
    events.InstanceCompleted: guided.ended,
    events.InstanceClosed: guided.ended,
    events.InstanceCancelled: guided.cancelled,
    events.InstanceExpired: guided.expired,
    events.InstanceOverdue: _BY_FLOW,
    events.TimerFired: _BY_FLOW,
    events.Assigned: _assigned,
    events.ExpiryExtended: _ON_THE_TIMELINE,
    events.TimerMissed: _ON_THE_TIMELINE,
    events.MailSent: _ON_THE_TIMELINE,
    events.StepApproved: Silent("what opens with it, or the outcome, is told; an approval by itself asks for nothing"),
    events.StepReturned: guided.step_returned,
    events.StepReopened: guided.step_reopened,
    events.StepOverdue: guided.step_overdue,
    events.Rated: guided.rated,
    events.StepAdded: guided.step_added,
    events.FieldAdded: guided.field_added,
    events.PaymentOnItsWay: _ON_THE_TIMELINE,
    events.PaymentReceived: _payment_received,
    events.PaymentFailed: _payment_failed,
    events.PaymentUnexpected: _payment_unexpected,
    events.PaymentRefunded: _payment_refunded,
    events.AmountChanged: _BY_FLOW,
    events.InstanceReopened: guided.taken_up_again,
    events.StepConfirmed: _ON_THE_TIMELINE,
    events.ReviewEscalated: guided.review_escalated,
    events.DueDateChanged: _ON_THE_TIMELINE,
    events.Linked: _ON_THE_TIMELINE,
    events.Unlinked: _ON_THE_TIMELINE,
    events.PaymentBegun: _ON_THE_TIMELINE,
    events.SensitiveRead: _ON_THE_TIMELINE,
    events.Acted: _BY_FLOW,
    events.Commented: cases.commented,
    events.CommentedInternally: _ON_THE_TIMELINE,
    events.MessageSent: _IN_THE_CONVERSATION,
    events.NoteWritten: _IN_THE_CONVERSATION,
    events.PriorityChanged: _ON_THE_TIMELINE,
    events.ChildStarted: _ON_THE_TIMELINE,
    events.EffectGaveUp: _gave_up,
    events.EffectRetried: _ON_THE_TIMELINE,
    events.EffectSkipped: _ON_THE_TIMELINE,
    events.OrderPlaced: _order_placed,
    events.OrderAwaitingDetails: Silent("the confirmation says it, and the flow's own mail asks for the details"),
    events.OrderFinalised: _ON_THE_TIMELINE,
    events.ProvisioningRequested: _ON_THE_TIMELINE,
    events.LineProvisioned: Silent("the buyer hears when the whole order is complete"),
    events.OrderCompleted: _order_completed,
    events.OrderCancelled: _order_cancelled,
    events.OrderFailed: _order_failed,
}
