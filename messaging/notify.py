"""One table: for every kind of event, who hears of it, as which kind of notice, on which channels; or nobody, and why.

What kinds there are and what people may choose is in `flows.rules.notices`. A flow's own mails and notices come beside
this; their kind is that of the moment they belong to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from flows import events
from flows.actions.noticing import tell
from flows.actions.owing import recipients
from flows.events import Event
from flows.models import Instance, Notice, Order, Payment
from flows.rules.words import day_in_words, money_in_words
from flows.words import N_, Saying, retold, saying
from flows.work import Subject, Work
from messaging import cases, conversations, guided
from messaging.telling import MAIL, PUSH, Line, Telling, absolute, page_of, staff_who_may

INCIDENTS = "/admin/outbox/"
"""Where staff see to what could not be delivered."""


@dataclass(frozen=True)
class Silent:
    """Nobody is told by the product itself, because of this."""

    because: str


def hear(work: Work, subject: Subject, fact: Event) -> None:
    """Owe what the table says, in the transaction of the event."""
    told = TABLE[type(fact)]
    for line in () if isinstance(told, Silent) else told:
        line.words(Telling(work, subject, fact, line), subject, fact)


# --- orders -----------------------------------------------------------------------------------------------------


def _order_placed(telling: Telling, order: Order, fact: events.OrderPlaced) -> None:
    """Always a confirmation; it says whether something is still needed."""
    waiting = telling.all(events.OrderAwaitingDetails)
    _tell_buyer(
        telling,
        order,
        "order-placed",
        saying("We have your order %(ref)s", ref=order.reference),
        outstanding=sum(len(one.instances) for one in waiting),
        total=lambda: money_in_words(fact.total_minor, fact.currency),
        placed_on=lambda: day_in_words(order.placed_at, order.organisation.time_zone),
    )


def _order_completed(telling: Telling, order: Order, _fact: events.OrderCompleted) -> None:
    _tell_buyer(telling, order, "order-completed", saying("Your order %(ref)s is complete", ref=order.reference))


def _order_cancelled(telling: Telling, order: Order, fact: events.OrderCancelled) -> None:
    """An expired task tells it in its own mail."""
    if fact.reason != "expired":
        text = saying("Your order %(ref)s was cancelled", ref=order.reference)
        _tell_buyer(telling, order, "order-cancelled", text, reason=fact.text)


def _order_failed(telling: Telling, order: Order, fact: events.OrderFailed) -> None:
    staff = staff_who_may(telling.work, "orders")
    for user_id in staff:
        telling.mail(user_id, "order-failed", order=_words(order), cause=fact.cause)


def _tell_buyer(telling: Telling, order: Order, template: str, text: Saying, **more: Any) -> None:
    telling.mail(order.placed_by_id, template, order=_words(order), **more)
    telling.note([order.placed_by_id], text, saying("See your order"), url=page_of(order), at_top=False)


def _words(order: Order) -> Mapping[str, Any]:
    return {
        "ref": order.reference,
        "customer": order.customer_name,
        "url": absolute(page_of(order)),
        "staff_url": absolute(f"/admin/orders/{order.number}"),
    }


# --- payments ---------------------------------------------------------------------------------------------------


def _payment_received(telling: Telling, instance: Instance, fact: events.PaymentReceived) -> None:
    money, text = _money(fact), N_("We have received %(money)s for %(title)s")
    _tell_payer(telling, instance, "payment-receipt", text, fact.payment, money=money)


def _payment_failed(telling: Telling, instance: Instance, fact: events.PaymentFailed) -> None:
    text = N_("Your payment for %(title)s did not go through")
    _tell_payer(telling, instance, "payment-failed", text, fact.payment, why=lambda: retold(fact.why))


def _payment_unexpected(telling: Telling, instance: Instance, fact: events.PaymentUnexpected) -> None:
    money, text = _money(fact), N_("We are paying %(money)s for %(title)s back")
    _tell_payer(telling, instance, "payment-returned", text, fact.payment, money=money, why=lambda: retold(fact.why))


def _payment_refunded(telling: Telling, instance: Instance, fact: events.PaymentRefunded) -> None:
    money, text = _money(fact), N_("We have paid %(money)s for %(title)s back")
    _tell_payer(telling, instance, "payment-refunded", text, fact.payment, money=money)


def _money(fact: events.PaymentReceived | events.PaymentUnexpected | events.PaymentRefunded) -> Saying:
    return lambda: money_in_words(fact.amount_minor, fact.currency)


def _payment(work: Work, uid: str) -> Payment:
    at_hand: Iterable[Payment] = work.known.get("payments", {}).values()
    known = next((one for one in at_hand if one.uid == uid), None)
    return known or work.session.scalars(select(Payment).where(Payment.uid == uid)).one()


def _tell_payer(telling: Telling, instance: Instance, template: str, text: str, uid: str, **more: Any) -> None:
    """To whoever paid; when staff saw the money on the bank statement, to those the task is for."""
    payment = _payment(telling.work, uid)
    page = page_of(instance, f"/steps/{payment.step.name}/pay")
    payers = [payment.begun_by_id] if payment.begun_by_id else recipients(telling.work, instance, None)
    title = telling.step(instance, payment.step.name, payment.title)

    def words() -> Mapping[str, str]:
        paid_on = day_in_words(payment.paid_at, instance.time_zone) if payment.paid_at else ""
        return {"title": title(), "reference": payment.reference, "paid_on": paid_on, "url": absolute(page)}

    for user_id in payers:
        telling.mail(user_id, template, payment=words, **more)
    telling.note(payers, saying(text, title=title, **more), saying("See your payment"), url=page, at_top=False)


# --- staff ------------------------------------------------------------------------------------------------------


def _gave_up(telling: Telling, subject: Subject, fact: events.EffectGaveUp) -> None:
    ref, cause = subject.reference, lambda: retold(fact.cause)
    if fact.tries:
        text = saying("%(what)s for %(ref)s could not be delivered: %(cause)s", what=fact.what, ref=ref, cause=cause)
    else:
        text = saying("%(ref)s: %(cause)s", ref=ref, cause=cause)
    tell_of_incident(telling.work, text, subject)


def tell_of_incident(work: Work, text: Saying, about: Subject | None = None) -> None:
    """One notice a person until it is seen, however many incidents an outage brings."""
    staff = staff_who_may(work, "health")
    unseen = select(Notice.user_id).where(Notice.user_id.in_(staff), Notice.url == INCIDENTS, Notice.seen_at.is_(None))
    told = {*work.session.scalars(unseen), *(new.user_id for new in work.session.new if isinstance(new, Notice))}
    untold = [user_id for user_id in staff if user_id not in told]
    tell(work, untold, "trouble", text, saying("See to it"), about=about, url=INCIDENTS)


_BY_FLOW = Silent("the flow says in its effects who hears of this")
_ON_THE_TIMELINE = Silent("it stands on the timeline; nobody has to do anything")
_MOVED = Silent("a flow is changed behind the scenes; whoever changes it decides whom to tell, and how")
_ALL = MAIL | PUSH
_CUSTOMER, _BUYER, _PAYER, _ASSIGNEE = "its customer", "whoever placed it", "whoever paid", "its assignee"

TABLE: Mapping[type[Event], tuple[Line, ...] | Silent] = {
    events.InstanceStarted: (
        Line(_CUSTOMER, "task-waiting", _ALL, guided.started),
        Line(_ASSIGNEE, "assigned", PUSH, guided.given_at_start),
    ),
    events.StepOpened: (Line(_CUSTOMER, "task-waiting", _ALL, guided.step_opened),),
    events.StepSubmitted: _BY_FLOW,
    events.StepCompleted: _BY_FLOW,
    events.InstanceCompleted: (Line(_CUSTOMER, "outcome", _ALL, guided.ended),),
    events.InstanceClosed: (Line(_CUSTOMER, "outcome", _ALL, guided.ended),),
    events.InstanceCancelled: (Line(_CUSTOMER, "outcome", _ALL, guided.cancelled),),
    events.InstanceExpired: (Line(_CUSTOMER, "outcome", _ALL, guided.expired),),
    events.InstanceOverdue: _BY_FLOW,
    events.InstanceMigrated: _MOVED,
    events.MigrationUndone: _MOVED,
    events.TimerFired: _BY_FLOW,
    events.Assigned: (
        Line("the customer it is handed back to", "task-waiting", _ALL, cases.asked),
        Line(_ASSIGNEE, "assigned", PUSH, guided.assigned),
    ),
    events.ExpiryExtended: _ON_THE_TIMELINE,
    events.TimerMissed: _ON_THE_TIMELINE,
    events.MailSent: _ON_THE_TIMELINE,
    events.StepApproved: Silent("what opens with it, or the outcome, is told; an approval by itself asks for nothing"),
    events.StepReturned: (Line(_CUSTOMER, "changes-needed", _ALL, guided.step_returned),),
    events.StepReopened: (Line(_CUSTOMER, "changes-needed", _ALL, guided.step_reopened),),
    events.StepOverdue: (
        Line(_CUSTOMER, "reminder", _ALL, guided.step_overdue),
        Line(_ASSIGNEE, "work", PUSH, guided.our_step_overdue),
    ),
    events.ReopeningAsked: (Line("its assignee, or staff who may take it up", "work", PUSH, guided.asked_to_reopen),),
    events.Rated: (Line(_ASSIGNEE, "work", PUSH, guided.rated),),
    events.StepAdded: (Line(_CUSTOMER, "task-waiting", _ALL, guided.step_added),),
    events.FieldAdded: (Line(_CUSTOMER, "changes-needed", _ALL, guided.field_added),),
    events.PaymentOnItsWay: _ON_THE_TIMELINE,
    events.PaymentReceived: (Line(_PAYER, "payment", _ALL, _payment_received),),
    events.PaymentFailed: (Line(_PAYER, "payment", _ALL, _payment_failed),),
    events.PaymentUnexpected: (Line(_PAYER, "payment", _ALL, _payment_unexpected),),
    events.PaymentRefunded: (Line(_PAYER, "payment", _ALL, _payment_refunded),),
    events.AmountChanged: _BY_FLOW,
    events.InstanceReopened: (Line(_CUSTOMER, "task-waiting", _ALL, guided.taken_up_again),),
    events.StepConfirmed: _ON_THE_TIMELINE,
    events.ReviewEscalated: (Line("whom the flow names", "review-waiting", _ALL, guided.review_escalated),),
    events.DueDateChanged: _ON_THE_TIMELINE,
    events.Linked: _ON_THE_TIMELINE,
    events.Unlinked: _ON_THE_TIMELINE,
    events.PaymentBegun: _ON_THE_TIMELINE,
    events.SensitiveRead: _ON_THE_TIMELINE,
    events.Acted: _BY_FLOW,
    events.Commented: (
        Line(_CUSTOMER, "progress", PUSH, cases.commented_by_us),
        Line(_ASSIGNEE, "work", PUSH, cases.commented_by_them),
    ),
    events.CommentedInternally: _ON_THE_TIMELINE,
    events.MessageSent: (
        Line(_CUSTOMER, "message", _ALL, conversations.said_by_us),
        Line("whoever answers it", "message", PUSH, conversations.said_by_them),
    ),
    events.NoteWritten: _ON_THE_TIMELINE,
    events.PriorityChanged: _ON_THE_TIMELINE,
    events.ChildStarted: _ON_THE_TIMELINE,
    events.ChildEnded: _ON_THE_TIMELINE,
    events.Adjusted: Silent("what it follows from is told elsewhere"),
    events.EffectGaveUp: (Line("staff who look after health", "trouble", PUSH, _gave_up),),
    events.EffectRetried: _ON_THE_TIMELINE,
    events.EffectSkipped: _ON_THE_TIMELINE,
    events.OrderPlaced: (Line(_BUYER, "order", _ALL, _order_placed),),
    events.OrderAwaitingDetails: Silent("the confirmation says it, and the flow's own mail asks for the details"),
    events.OrderFinalised: _ON_THE_TIMELINE,
    events.ProvisioningRequested: _ON_THE_TIMELINE,
    events.LineProvisioned: Silent("the buyer hears when the whole order is complete"),
    events.OrderCompleted: (Line(_BUYER, "order", _ALL, _order_completed),),
    events.OrderCancelled: (Line(_BUYER, "order", _ALL, _order_cancelled),),
    events.OrderFailed: (Line("staff who look after orders", "trouble", MAIL, _order_failed),),
}
