"""What somebody on the stage can do: the verbs of scenarios, of `simulate --do` and of `fuzz`, onto the real ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, Literal, TypeVar

from sqlalchemy import select

from flows import access
from flows.actions import (
    acting,
    assigning,
    closing,
    collecting,
    commenting,
    conversing,
    linking,
    paying,
    rating,
    reopening,
    reviewing,
    submitting,
)
from flows.authoring.play.samples import Sampler
from flows.authoring.play.sandbox import Sandbox
from flows.catalogue.problems import cure_among
from flows.catalogue.schema import FlowField
from flows.models import Instance, Step, User
from flows.rules.actors import SYSTEM, Actor
from flows.rules.errors import Invalid
from flows.rules.payments import Word
from flows.work import Work, end_reading, unit_of_work

T = TypeVar("T")
Kind = Literal["step", "action", "outcome", "link", "person", "words", "score", ""]


class NotUnderstood(ValueError):
    """What was asked for makes no sense; the text says what to write."""


@dataclass(frozen=True)
class Deed:
    """One deed. `thing` is what the verb is about: a step, an action, an outcome, words, and so on (`VERBS`).

    Without `who` whoever may; without `data` answers that fit. `words` are the message, comment or reason that goes
    with it, `remarks` what is said about single fields, `until` a new end. `fills_in` makes up what `data` leaves out,
    `whole` the answers to optional questions too.
    """

    verb: str
    thing: str = ""
    who: str = ""
    data: Mapping[str, Any] | None = None
    words: str = ""
    remarks: Mapping[str, str] = field(default_factory=dict)
    until: datetime | None = None
    fills_in: bool = False
    whole: bool = False


@dataclass(frozen=True)
class _Doing:
    """A deed under way."""

    work: Work
    instance: Instance
    deed: Deed
    stage: Sandbox
    dice: Random

    @property
    def step(self) -> Step:
        return access.step_of(self.instance, self.deed.thing, even_skipped=True)

    def answers(self) -> Mapping[str, Any]:
        fields = self.stage.definition_of(self.instance).steps[self.step.name].fields
        return self.filled(fields)

    def filled(self, fields: Mapping[str, FlowField]) -> dict[str, Any]:
        """What the deed says, what it leaves to be made up, or both."""
        sampler, given = Sampler(self.stage.cast, self.dice, self.deed.whole), self.deed.data
        said = sampler.with_files(self.work, fields, given or {})
        return said if given is not None and not self.deed.fills_in else {**sampler.answers(self.work, fields), **said}


@dataclass(frozen=True)
class Verb:
    """`takes` says what `thing` is; `who` does it when nobody is named; `means` is for the reference."""

    act: Callable[[_Doing], None]
    takes: Kind
    who: str
    means: str


def perform(stage: Sandbox, instance_id: int, deed: Deed, dice: Random | None = None) -> None:
    """Do it, and carry out what is owed at once. Raises BatonError when it is refused, as a person would be.

    NotUnderstood when the deed speaks of somebody who is not on the stage, or rates with words.
    """
    verb = VERBS[deed.verb]
    actor = _actor(stage, instance_id, deed, verb)
    with unit_of_work(actor) as work:
        instance = access.instance_to_change(work, instance_id)
        verb.act(_Doing(work, instance, deed, stage, dice or Random(0)))  # noqa: S311  # answers, no secrets
    stage.settle()


def _actor(stage: Sandbox, instance_id: int, deed: Deed, verb: Verb) -> Actor:
    """Who is meant: somebody of the cast, or whoever stands there in the instance."""
    who = deed.who or verb.who
    if who == "system":
        return SYSTEM
    if who in ("creator", "assignee", "its actor", "whoever may"):
        with_steps = access.instance_to_read(SYSTEM, stage.uid_of(instance_id))
        row = _standing(stage, with_steps, deed, who)
        end_reading()
        return row
    return _called("agent" if who == "staff" else who, stage.cast.actors)


def _called(who: str, people: Mapping[str, T]) -> T:
    if who not in people:
        raise NotUnderstood(f"nobody here is called '{who}'; {cure_among(who, people, 'there are')}")
    return people[who]


def _standing(stage: Sandbox, instance: Instance, deed: Deed, who: str) -> Actor:
    cast = stage.cast
    if who == "its actor":
        step = instance.step(deed.thing)
        return cast.actors["agent" if step is not None and step.actor == "staff" else "customer"]
    if who == "whoever may":
        rule = stage.definition_of(instance).actions.get(deed.thing)
        words = rule.by if rule is not None else ()
        who = next((word for word in ("assignee", "creator", "customer", "manager") if word in words), "manager")
    found = {"creator": instance.creator_id, "assignee": instance.assignee_id}
    if who in found:
        return cast.by_id(found[who]) or cast.actors["manager"]
    return cast.actors[who]


# --- the verbs --------------------------------------------------------------------------------------------------


def _submit(doing: _Doing) -> None:
    submitting.submit(doing.work, doing.instance, doing.step, doing.answers())


def _answer_for(doing: _Doing) -> None:
    submitting.submit(doing.work, doing.instance, doing.step, doing.answers(), on_behalf=True)


def _save(doing: _Doing) -> None:
    submitting.save_draft(doing.work, doing.instance, doing.step, doing.answers())


def _approve(doing: _Doing) -> None:
    reviewing.approve(doing.work, doing.instance, doing.step, note=doing.deed.words)


def _return(doing: _Doing) -> None:
    words, remarks = doing.deed.words or "Please look at this again", dict(doing.deed.remarks)
    reviewing.return_for_resubmission(doing.work, doing.instance, doing.step, message=words, remarks=remarks)


def _close_request(doing: _Doing) -> None:
    outcome = str((doing.deed.data or {}).get("outcome", "close"))
    reviewing.close_request(
        doing.work, doing.instance, doing.step, reason=doing.deed.words or "It cannot be done", outcome=outcome
    )


def _reopen(doing: _Doing) -> None:
    reopening.reopen_step(doing.work, doing.instance, doing.step, doing.deed.words)


def _confirm(doing: _Doing) -> None:
    reopening.confirm_step(doing.work, doing.instance, doing.step)


def _pay(doing: _Doing) -> None:
    _hear(doing, "paid")


def _decline(doing: _Doing) -> None:
    _hear(doing, "failed")


def _hear(doing: _Doing, outcome: Literal["paid", "failed"]) -> None:
    """The customer goes to the checkout, and the provider tells how it went."""
    payment = paying.begin(doing.work, doing.instance, doing.step)
    doing.work.session.flush()
    word = Word(outcome, f"played_{payment.uid}", payment.uid, payment.amount_minor, payment.currency, why="Declined")
    collecting.hear(doing.work, doing.instance, payment, word)


def _act(doing: _Doing) -> None:
    rule = doing.stage.definition_of(doing.instance).actions.get(doing.deed.thing)
    asked = doing.filled(rule.fields) if rule is not None else doing.deed.data
    words = doing.deed.words or ("As agreed" if rule is not None and rule.comment == "required" else "")
    acting.act(doing.work, doing.instance, doing.deed.thing, comment=words, asked=asked)


def _end(doing: _Doing) -> None:
    closing.conclude(doing.work, doing.instance, doing.deed.thing, doing.deed.words or None)


def _cancel(doing: _Doing) -> None:
    closing.cancel_request(doing.work, doing.instance, doing.deed.thing or "No longer needed")


def _revive(doing: _Doing) -> None:
    reopening.revive(doing.work, doing.instance, doing.deed.thing or "It goes on", doing.deed.until)


def _extend(doing: _Doing) -> None:
    if doing.deed.until is None:
        raise Invalid("Say until when", "/until", "required")
    closing.extend(doing.work, doing.instance, doing.deed.until, doing.deed.words or "More time is needed")


def _due(doing: _Doing) -> None:
    closing.change_due(doing.work, doing.instance, doing.deed.until, doing.deed.words)


def _amount(doing: _Doing) -> None:
    minor = (doing.deed.data or {}).get("minor")
    if not isinstance(minor, int):
        raise NotUnderstood("say the new amount in minor units, as in `data: {minor: 45000}`")
    paying.change_amount(doing.work, doing.instance, doing.step, minor, doing.deed.words)


def _comment(doing: _Doing) -> None:
    commenting.comment(doing.work, doing.instance, doing.deed.thing)


def _rate(doing: _Doing) -> None:
    if not doing.deed.thing.isdecimal():
        raise NotUnderstood(f"rate with a number, not with '{doing.deed.thing}'")
    rating.rate(doing.work, doing.instance, int(doing.deed.thing), doing.deed.words)


def _say(doing: _Doing) -> None:
    conversing.send(doing.work, doing.instance, doing.deed.thing)


def _link(doing: _Doing) -> None:
    linking.link(doing.work, doing.instance, doing.deed.thing, str((doing.deed.data or {}).get("to", "sample")))


def _unlink(doing: _Doing) -> None:
    linking.unlink(doing.work, doing.instance, doing.deed.thing, doing.deed.words or "It was the wrong one")


def _take(doing: _Doing) -> None:
    assigning.take(doing.work, doing.instance)


def _assign(doing: _Doing) -> None:
    nobody = doing.deed.thing == "nobody"
    uid = "" if nobody else _called(doing.deed.thing, doing.stage.cast.uids)
    user = None if nobody else doing.work.session.scalars(select(User).where(User.uid == uid)).one()
    assigning.assign(doing.work, doing.instance, user, doing.deed.words)


VERBS: Mapping[str, Verb] = {
    "submit": Verb(_submit, "step", "its actor", "send the answers of a step"),
    "save": Verb(_save, "step", "its actor", "save a draft of a step"),
    "answer_for": Verb(_answer_for, "step", "agent", "staff send the answers of the customer"),
    "approve": Verb(_approve, "step", "reviewer", "approve a step"),
    "return": Verb(_return, "step", "reviewer", "return a step for resubmission; `words` and `remarks` say why"),
    "close_request": Verb(_close_request, "step", "reviewer", "end the request at a step that is reviewed"),
    "reopen": Verb(_reopen, "step", "reviewer", "open a completed step again"),
    "confirm": Verb(_confirm, "step", "reviewer", "a step that is marked 'check again' holds"),
    "pay": Verb(_pay, "step", "customer", "pay for a step"),
    "decline": Verb(_decline, "step", "customer", "try to pay for a step; the card is declined"),
    "act": Verb(_act, "action", "whoever may", "take an action of a flow with states; `words` is the comment"),
    "end": Verb(_end, "outcome", "reviewer", "confirm an outcome once every step is completed"),
    "cancel": Verb(_cancel, "words", "manager", "cancel the request"),
    "revive": Verb(_revive, "words", "manager", "take a cancelled or expired request up again"),
    "due": Verb(_due, "", "manager", "give another due date, `until`; without it there is none any more"),
    "amount": Verb(_amount, "step", "manager", "another amount for a step, `data: {minor: ...}`; 0 passes it over"),
    "extend": Verb(_extend, "", "manager", "give more time, until `until`"),
    "rate": Verb(_rate, "score", "customer", "rate it"),
    "say": Verb(_say, "words", "customer", "send a message"),
    "write": Verb(_comment, "words", "customer", "comment on a case or task"),
    "link": Verb(_link, "link", "agent", "tie it to something outside, `data: {to: ...}`"),
    "unlink": Verb(_unlink, "link", "agent", "take a link away"),
    "take": Verb(_take, "", "agent", "assign it to oneself"),
    "assign": Verb(_assign, "person", "manager", "give it to agent, reviewer or manager, or to nobody"),
}
