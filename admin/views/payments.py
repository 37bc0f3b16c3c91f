"""Payments: listed, one in full, and what staff do about them; every change asks first and calls one verb (A4, X22)."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import g
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from admin import payments as money
from admin.asking import Field, Question, ask
from admin.guard import StaffView, door
from admin.showing import argument, effect_tag, show
from flows import access
from flows.access import read_as
from flows.actions import collecting, paying, refunding, versions
from flows.catalogue.overlay import field_of
from flows.clock import clock
from flows.models import Instance, Payment, Step
from flows.queries import allowed, health, payments
from flows.rules import answers, timing
from flows.rules.errors import Invalid
from flows.rules.payments import MOST_MINOR
from flows.rules.words import money_in_words
from flows.words import gettext as _
from flows.work import Work

AMOUNT = field_of({"type": "money", "label": "Amount", "required": True, "min": 0, "max": MOST_MINOR})


class Payments(StaffView):
    name, slug, needs = _l("Payments"), "payments", "view"

    @door("/", needs="view")
    def index(self) -> Response:
        state, search = argument("state", *money.TAGS), argument("q")
        page = payments.listed(g.actor, state=state, search=search, cursor=argument("cursor") or None)
        states = {name: tag.words for name, tag in money.TAGS.items()}
        return show(
            self, "payments.html", page=page, state=state, states=states, search=search,
            tag=money.tag_of, provider=money.provider_of, reference=money.reference_of, words=money_in_words,
        )  # fmt: skip

    @door("/<uid>", needs="view")
    def one(self, uid: str) -> Response:
        payment = access.payment_to_read(g.actor, uid)
        owed = [one for one in health.effects_of_instance(g.actor, payment.instance) if one.key.startswith(f"{uid}:")]
        return show(
            self, "payment_page.html", payment=payment, tag=money.tag_of, provider=money.provider_of,
            words=money_in_words, effects=owed, effect_tag=effect_tag,
            may=allowed.of_payment(g.actor, payment),
        )  # fmt: skip

    @door("/of/<ref>/<name>/amount", needs="create", methods=("GET", "POST"))
    def change_amount(self, ref: str, name: str) -> Response:
        """Another amount while it is not paid yet; 0 skips the step (Q27)."""
        instance, step = _place(ref, name)
        definition = versions.spoken_of(read_as(g.actor), instance)
        price = paying.price_of(read_as(g.actor), instance, definition, step, clock.now())
        currency = paying.rule_of(definition, step).currency
        now = money_in_words(price.minor, currency) if price.minor is not None else _("not set yet")
        question = Question(
            _("Change the amount of “%(title)s”", title=definition.steps[step.name].title),
            instance.staff_page,
            _("Change the amount"),
            text=_("Payments that are open for the old amount are called off. The customer sees that it changed."),
            facts=(
                (
                    _("Task"),
                    _(
                        "%(reference)s for %(customer)s",
                        reference=instance.reference,
                        customer=instance.customer_name,
                    ),
                ),
                (_("Amount now"), now),
            ),
            fields=(
                Field(
                    "amount",
                    _("New amount in %(currency)s", currency=currency),
                    hint=_("Like 450.00; 0 skips the step"),
                    width="w-s",
                ),
                Field(
                    "reason", _("Reason"), hint=_("Stands in the history, where the customer reads it"), optional=True
                ),
            ),
            done=_("The amount was changed."),
        )

        def act(work: Work, typed: Any) -> None:
            locked = access.instance_to_change(work, ref)
            paying.change_amount(
                work,
                locked,
                access.step_of(locked, name, even_skipped=True),
                _minor(work, typed["amount"]),
                typed["reason"],
            )

        return ask(self, question, act)

    @door("/of/<ref>/<name>/confirm", needs="create", methods=("GET", "POST"))
    def confirm(self, ref: str, name: str) -> Response:
        """The money for a step stands on the bank statement."""
        instance, step = _place(ref, name)
        definition = versions.spoken_of(read_as(g.actor), instance)
        price = paying.price_of(read_as(g.actor), instance, definition, step, clock.now())
        rule = paying.rule_of(definition, step)
        asked = money_in_words(price.minor, rule.currency) if price.minor else _("not set yet")
        statement = paying.reference_of(read_as(g.actor), instance, definition, step, clock.now())
        question = Question(
            _("Confirm a bank transfer for “%(title)s”", title=definition.steps[step.name].title),
            instance.staff_page,
            _("Confirm that %(money)s came", money=asked),
            text=_(
                "Only when exactly this amount is on the account. The step is completed and the customer gets a "
                "receipt; a checkout that is open for it is called off."
            ),
            facts=(
                (
                    _("Task"),
                    _(
                        "%(reference)s for %(customer)s",
                        reference=instance.reference,
                        customer=instance.customer_name,
                    ),
                ),
                (_("Amount"), asked),
                (_("Reference to look for"), statement),
            ),
            fields=(
                Field("received_on", _("When it came"), "date", _today(instance), width="w-m"),
                Field("reference", _("What the bank statement says"), hint=_("So that others find it again")),
            ),
            done=_("The payment is confirmed."),
        )

        def act(work: Work, typed: Any) -> None:
            locked = access.instance_to_change(work, ref)
            day = _day(typed["received_on"])
            collecting.confirm_by_staff(
                work, locked, access.step_of(locked, name, even_skipped=True), typed["reference"], day
            )

        return ask(self, question, act)

    @door("/<uid>/refund", needs="cancel", methods=("GET", "POST"))
    def refund(self, uid: str) -> Response:
        payment = access.payment_to_read(g.actor, uid)
        by_hand = payment.provider == "bank"
        how = _("You transfer it by hand.") if by_hand else _("It goes back the way it came, within days.")
        question = Question(
            _("Pay %(money)s back?", money=paying.words_of(payment)),
            payment.instance.staff_page,
            _("Pay %(money)s back", money=paying.words_of(payment)),
            tone="bad",
            text=_("The whole amount goes back to whoever paid it. %(how)s The step stays completed.", how=how),
            facts=_facts(payment),
            fields=(Field("reason", _("Reason"), hint=_("Stands in the audit log")),),
            done=_("It is being paid back."),
        )

        def act(work: Work, typed: Any) -> None:
            refunding.refund_by_staff(work, access.payment_to_change(work, uid)[1], typed["reason"])

        return ask(self, question, act)

    @door("/<uid>/paid-back", needs="cancel", methods=("GET", "POST"))
    def paid_back(self, uid: str) -> Response:
        """A bank transfer that people have transferred back."""
        payment = access.payment_to_read(g.actor, uid)
        question = Question(
            _("Mark %(money)s as paid back", money=paying.words_of(payment)),
            payment.instance.staff_page,
            _("Mark as paid back"),
            text=_("When you have transferred the money. The customer is told."),
            facts=_facts(payment),
            fields=(Field("reference", _("What your bank statement says")),),
            done=_("It is marked as paid back."),
        )

        def act(work: Work, typed: Any) -> None:
            refunding.paid_back(work, *access.payment_to_change(work, uid), typed["reference"])

        return ask(self, question, act)


def _place(ref: str, name: str) -> tuple[Instance, Step]:
    instance = access.instance_to_read(g.actor, ref)
    return instance, access.step_of(instance, name, even_skipped=True)


def _facts(payment: Payment) -> tuple[tuple[str, str], ...]:
    instance = payment.instance
    return (
        (
            _("Task"),
            _(
                "%(reference)s for %(customer)s",
                reference=instance.reference,
                customer=instance.customer_name,
            ),
        ),
        (_("For"), payment.title),
        (_("Paid by"), money.provider_of(payment)),
        (_("Reference"), payment.provider_reference or payment.reference),
    )


def _today(instance: Instance) -> str:
    return timing.local_date(clock.now(), instance.time_zone).isoformat()


def _minor(work: Work, typed: str) -> int:
    """An amount as people write it, in minor units."""
    context = answers.AnswerContext(today=work.now.date())
    checked = answers.check({"amount": AMOUNT}, {"amount": typed}, context)
    if checked.problems:
        raise Invalid(checked.problems)
    return int(checked.values["amount"])


def _day(typed: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError:
        raise Invalid(_("Enter a day, like 2026-11-30"), "/received_on", "date") from None
