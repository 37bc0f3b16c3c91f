"""Money for a step: how much it is, which way a payment goes, and what a provider's word means for it (X22, Q27)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, Protocol

from flows.rules.errors import Problem
from flows.rules.expressions import ExpressionProblem, NotYetKnown, compile_text
from flows.words import N_
from flows.words import gettext as _

MOST_MINOR = 100_000_000
"""The most that one step may cost: 1,000,000.00."""
ODD_CURRENCIES = frozenset({
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "MGA", "MRU", "PYG", "RWF", "UGX", "UYI", "VND", "VUV",
    "XAF", "XOF", "XPF", "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND",
})  # fmt: skip
"""Currencies without two decimals: amounts here are hundredths, so a hundred yen would be shown and taken as one."""
LOOKS = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6), timedelta(hours=25))
"""When a checkout is looked at, counted from its beginning, in case the provider's call got lost; then once a day."""
FRESH = timedelta(hours=23)
"""How long a provider surely remembers an idempotency key."""
STATES = ("pending", "processing", "paid", "failed", "cancelled", "refunding", "refunded")
MOVES: Mapping[str, frozenset[str]] = {
    "pending": frozenset({"processing", "paid", "failed", "cancelled", "refunding", "refunded"}),
    "processing": frozenset({"paid", "failed", "cancelled", "refunding", "refunded"}),
    "failed": frozenset({"paid", "refunding", "refunded"}),
    "cancelled": frozenset({"refunding", "refunded"}),
    "paid": frozenset({"refunding", "refunded"}),
    "refunding": frozenset({"refunded"}),
    "refunded": frozenset(),
}
"""Where a payment may go from each state. Money may come after all, so what failed or was given up is not the end."""
IN_WORDS = {
    "pending": N_("pending"), "processing": N_("processing"), "paid": N_("paid"), "failed": N_("failed"),
    "cancelled": N_("cancelled"), "refunding": N_("refunding"), "refunded": N_("refunded"),
}  # fmt: skip


class PaymentLike(Protocol):
    """The `payment` of a step, as far as the rules look at it."""

    @property
    def currency(self) -> str: ...
    @property
    def amount(self) -> int | str: ...


class StepLike(Protocol):
    @property
    def title(self) -> str: ...
    @property
    def payment(self) -> Any: ...


class DefinitionLike(Protocol):
    @property
    def steps(self) -> Mapping[str, Any]: ...


class Price(NamedTuple):
    """What a step costs, in minor units; None while nobody has said. `problem` says why it can never be paid."""

    minor: int | None = None
    problem: str = ""


def price_of(name: str, rule: PaymentLike, amounts: Mapping[str, Any], scope: Mapping[str, Any] | None = None) -> Price:
    """The amount of the step called `name`: what staff said for this instance (C27), else what the flow says.

    A hole is filled from `scope`; without one it counts as not yet known.
    """
    if name in amounts:
        return _checked(amounts[name])
    if rule.amount == "ask":
        return Price()
    if isinstance(rule.amount, int):
        return _checked(rule.amount)
    if scope is None:
        return Price()
    try:
        return _checked(compile_text(rule.amount).render(scope))
    except NotYetKnown:
        return Price()
    except ExpressionProblem as wrong:
        return Price(None, _("the amount cannot be worked out: %(wrong)s", wrong=wrong))


def _checked(value: Any) -> Price:
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # an expression that multiplies by 1.5 gives 4500.0
    if isinstance(value, bool) or not isinstance(value, int):
        said = N_("the amount comes out as %(value)s, which is no whole number of minor units")
        return Price(None, _(said, value=repr(str(value)[:40])))
    if not 0 <= value <= MOST_MINOR:
        said = N_("the amount comes out as %(value)s; it must be from 0 to %(most)s minor units")
        return Price(None, _(said, value=value, most=MOST_MINOR))
    return Price(value)


def free_steps(definition: DefinitionLike, amounts: Mapping[str, Any], scope: Mapping[str, Any]) -> frozenset[str]:
    """The payment steps that cost nothing now: nobody is asked to pay nothing (Q27)."""
    paid = ((name, step.payment) for name, step in definition.steps.items() if step.payment)
    return frozenset(name for name, rule in paid if price_of(name, rule, amounts, scope).minor == 0)


def names_in_amounts(definition: DefinitionLike) -> frozenset[str]:
    """The dotted names that the amounts refer to: what `free_steps` needs in its scope."""
    holes = [step.payment.amount for step in definition.steps.values() if step.payment]
    return frozenset(name for hole in holes if isinstance(hole, str) for name in compile_text(hole).names)


def amounts_asked(definition: DefinitionLike) -> dict[str, str]:
    """The Payment Amounts that a new instance needs: step -> currency (C27)."""
    steps = definition.steps.items()
    return {name: step.payment.currency for name, step in steps if step.payment and step.payment.amount == "ask"}


def check_amounts(definition: DefinitionLike, given: Mapping[str, int | None]) -> tuple[dict[str, int], list[Problem]]:
    """The amounts by step, and everything wrong with them, each at `/amounts/<step>`."""
    asked, found, problems = amounts_asked(definition), {}, []
    for name in asked:
        minor = given.get(name)
        if minor is None:
            words = _("Enter the amount for “%(step)s”; 0 skips the step", step=definition.steps[name].title)
            problems.append(Problem(f"/amounts/{name}", "required", words))
        elif problem := amount_problem(minor, f"/amounts/{name}"):
            problems.append(problem)
        else:
            found[name] = minor
    unknown = sorted(given.keys() - asked.keys())
    problems += [
        Problem(f"/amounts/{name}", "unknown", _("There is no amount to ask for %(name)s", name=repr(name)))
        for name in unknown
    ]
    return found, problems


def amount_problem(minor: Any, pointer: str = "/amount") -> Problem | None:
    """None when a step may cost this much."""
    if isinstance(minor, int) and not isinstance(minor, bool) and 0 <= minor <= MOST_MINOR:
        return None
    return Problem(pointer, "amount", _("Enter an amount from 0 to 1,000,000"), {"min": 0, "max": MOST_MINOR})


def may_become(state: str, to: str) -> bool:
    """Whether a payment in `state` may go to `to`."""
    return to in MOVES[state]


def next_look(began_at: datetime, looks: int, now: datetime) -> datetime:
    """When to look at a checkout that was to be looked at `looks` times so far."""
    return max(began_at + LOOKS[looks], now) if looks < len(LOOKS) else now + timedelta(days=1)


# --- what a provider says ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Word:
    """What a provider says about one checkout. `reference` is its name for it, `payment` our own, which it keeps.

    `amount_minor` and `currency` are what was paid; `charge` is its name for the money; `why` a reason for people.
    """

    outcome: Literal["open", "processing", "paid", "failed", "expired"]
    reference: str
    payment: str = ""
    amount_minor: int = 0
    currency: str = ""
    charge: str = ""
    why: str = ""


@dataclass(frozen=True)
class Returned:
    """A provider says that of one charge so much has gone back in all."""

    charge: str
    total_minor: int
    payment: str = ""


@dataclass(frozen=True)
class Situation:
    """Our side when a word comes in. `price` is what the step costs now; `is_paid`: by another payment already."""

    state: str
    amount_minor: int
    currency: str
    refunded_minor: int = 0
    is_alive: bool = True
    takes_money: bool = True
    is_paid: bool = False
    price: int | None = None


class Verdict(NamedTuple):
    """What to do: nothing, wait for the money, fail, drop the checkout, take the money, or give it back and say why."""

    act: Literal["nothing", "wait", "fail", "drop", "take", "give_back"]
    why: str = ""


def verdict(word: Word, ours: Situation) -> Verdict:
    """What a provider's word means. The same word again, or an older one that comes late, means nothing.

    Money that is not exactly what was asked, or that comes when nothing is asked any more, is never kept.
    """
    if word.outcome == "paid":
        if ours.state in ("paid", "refunding", "refunded"):
            return Verdict("nothing")
        why = _why_not(word, ours)
        return Verdict("give_back", why) if why else Verdict("take")
    if word.outcome == "processing":
        return Verdict("wait" if ours.state == "pending" else "nothing")
    if ours.state in ("pending", "processing"):
        if word.outcome == "failed":
            return Verdict("fail", word.why or N_("The provider does not say why"))
        if word.outcome == "expired":
            return Verdict("drop")
    return Verdict("nothing")


def _why_not(word: Word, ours: Situation) -> str:
    """Why this money cannot be kept; empty when it can."""
    if word.currency != ours.currency:
        return N_("it came in another currency than was asked")
    if word.amount_minor != ours.amount_minor:
        return N_("it is not the amount that was asked")
    if not ours.is_alive:
        return N_("the request had ended")
    if ours.is_paid or not ours.takes_money:
        return N_("it was paid already, or is not to be paid any more")
    if ours.state == "cancelled":
        return N_("this payment was called off before the money came")
    if ours.price != ours.amount_minor:
        return N_("the amount to pay has changed")
    if ours.refunded_minor:
        return N_("it was paid back at the provider")
    return ""
