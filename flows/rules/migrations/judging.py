"""What moving one instance to another version means for the people in it: the rules behind green, yellow and red."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from flows.rules import moves, outcomes, payments, stages, visibility
from flows.rules.answers.shapes import is_blank
from flows.rules.expressions import ExpressionProblem, compile_condition
from flows.rules.migrations.answers import Answers, Carried
from flows.rules.migrations.clocks import Clocks, of_clocks
from flows.rules.migrations.names import FlowLike, Names, fields_of
from flows.rules.migrations.plan import Plan, Reason, distinct, red, yellow
from flows.rules.moves import WITH_ACTOR
from flows.words import N_
from flows.words import gettext as _

GONE = {
    "open": N_("“%(step)s” is open and is not in the new version"),
    "returned": N_("“%(step)s” is returned to its actor and is not in the new version"),
    "reopened": N_("“%(step)s” is reopened and is not in the new version"),
    "pending_approval": N_("“%(step)s” is waiting for approval and is not in the new version"),
}
NEW_STEP = {
    ("customer", "open"): N_("“%(step)s” is a new step for the customer"),
    ("customer", "locked"): N_("“%(step)s” is a new step for the customer, when what comes before it is done"),
    ("staff", "open"): N_("“%(step)s” is a new step for staff"),
    ("staff", "locked"): N_("“%(step)s” is a new step for staff, when what comes before it is done"),
    ("system", "open"): N_("“%(step)s” is a new step for the system"),
    ("system", "locked"): N_("“%(step)s” is a new step for the system, when what comes before it is done"),
}
COUNTS_AS = {
    "not_started": N_("“%(state)s” counts as not started now"),
    "in_progress": N_("“%(state)s” counts as in progress now"),
}
MEND = N_("mend the flow, or the answers that it breaks on")
HIDDEN = "false"
"""The condition of a step that an instance keeps only for its history (`flows.catalogue.overlay.kept`)."""


@dataclass(frozen=True)
class Case:
    """One instance as this room looks at it, with both versions; what was added to it alone is laid over both.

    `steps` holds the states of its steps by old name, `attempts` how often each was sent, `drafts` those with something
    typed; `scope` is what conditions see, with the answers under their new names; `paying` are steps whose money is
    under way, with how much that is in minor units, and `paid` those whose money is here.
    """

    old: FlowLike
    new: FlowLike
    names: Names
    now: datetime
    reference: str = ""
    status: str = "in_progress"
    state: str | None = None
    steps: Mapping[str, str] = field(default_factory=dict)
    attempts: Mapping[str, int] = field(default_factory=dict)
    drafts: Collection[str] = ()
    paying: Mapping[str, int] = field(default_factory=dict)
    paid: Collection[str] = ()
    links: Collection[str] = ()
    amounts: Mapping[str, Any] = field(default_factory=dict)
    answers: Answers = field(default_factory=dict)
    carried: Carried = field(default_factory=lambda: Carried({}))
    clocks: Clocks = field(default_factory=Clocks)
    scope: Mapping[str, Any] = field(default_factory=dict)

    @property
    def before(self) -> dict[str, str]:
        """The states of the steps that are in both versions, by their new names."""
        return {new: self.steps[old] for old, new in self.names.steps.items() if old in self.steps}

    @cached_property
    def after(self) -> dict[str, str]:
        """The states of all steps of the new version, as the engine will find them."""
        sent = [new for old, new in self.names.steps.items() if self.attempts.get(old)]
        free = payments.free_steps(self.new, self.amounts, self.scope)
        return moves.next_states(self.new, self.before, self.scope, sent, free)


def judge(case: Case) -> Plan:
    """Everything that moving it means, the worst first; red when a condition of the new version breaks on its answers.

    One that cannot be judged must not keep anybody from judging the others.
    """
    try:
        return _judged(case)
    except ExpressionProblem as problem:
        return Plan((_unclear(case, problem),))


def _judged(case: Case) -> Plan:
    other_kind = [*_kind(case)]
    if other_kind:
        return Plan(tuple(other_kind))
    reasons = [*_state(case)] if case.new.states else [*_steps(case)]
    if not any(one.verdict == "red" for one in reasons) and case.new.steps:
        reasons += _turns(case)
    reasons += [*_start(case), *case.carried.reasons, *_links(case)]
    reasons += of_clocks(case.old, case.new, case.names, case.clocks, case.now)
    return Plan(distinct(reasons))


def _unclear(case: Case, problem: ExpressionProblem) -> Reason:
    """Which condition it was, as far as one by itself shows it."""
    scope = visibility.settled(case.new, {**dict.fromkeys(case.new.steps, "locked"), **case.before}, case.scope)
    for rule in case.new.steps.values():
        asked = (each.when for each in rule.fields.values())
        for text in filter(None, (rule.when, rule.done_when, *asked, *rule.conditions_of_pages().values())):
            try:
                compile_condition(text).holds(scope)
            except ExpressionProblem as here:
                said = _("it cannot be judged: “%(step)s” has the condition `%(rule)s`: %(why)s")
                return red(said % {"step": rule.title, "rule": text, "why": here}, _(MEND))
    return red(_("it cannot be judged: %(why)s", why=problem), _(MEND))


# --- the whole ---------------------------------------------------------------------------------------------------


def _kind(case: Case) -> Iterator[Reason]:
    if bool(case.old.states) != bool(case.new.states):
        said = _("the flow had states and has steps now")
        if case.new.states:
            said = _("the flow had steps and has states now")
        yield red(said, _("give the new flow a name of its own"))
    elif case.old.states and ("Case" in (case.old.type, case.new.type)) and case.old.type != case.new.type:
        yield red(_("its reference would change, because `type` is another one"), _("keep the `type`"))


def _state(case: Case) -> Iterator[Reason]:
    target = case.names.states.get(case.state or "")
    if target is None:
        cure = _("add `moved: {%(state)s: <a state>}` to the file, or move it on first", state=case.state)
        said = _("it is in “%(state)s”, which is not in the new version", state=_label(case.old, case.state))
        yield red(said, cure)
        return
    status = stages.status_of(case.new, target)
    if status == case.status:
        return
    if status in ("completed", "cancelled"):
        said = _("it would end at once, because “%(state)s” is an end now", state=_label(case.new, target))
        yield red(said, _("move it on first"))
    else:
        yield yellow(_(COUNTS_AS[status], state=_label(case.new, target)))


def _label(flow: Any, state: str | None) -> str:
    return stages.state_label(flow, state or "")


def _start(case: Case) -> Iterator[Reason]:
    had = case.carried.of(case.answers, "")
    for name, rule in case.new.start.questions.items():
        old = case.old.start.questions.get(case.names.old_field(name) or "")
        if rule.required and is_blank(had.get(name)) and not (old is not None and old.required):
            yield yellow(_("“%(question)s” is given at the start now; this one began without it", question=rule.label))


def _links(case: Case) -> Iterator[Reason]:
    for name in case.links:
        if name not in case.new.links and name in case.old.links:
            label = case.old.links[name].label
            yield yellow(_("%(link)s: the link stays in the history and is no longer shown", link=label))


# --- its steps ---------------------------------------------------------------------------------------------------


def _steps(case: Case) -> Iterator[Reason]:
    for name, rule in case.old.steps.items():
        if rule.when == HIDDEN or name not in case.steps:
            continue
        if name in case.names.steps:
            yield from _kept(case, name, rule, case.new.steps[case.names.steps[name]])
        else:
            yield from _gone(case, name, rule)


def _gone(case: Case, name: str, rule: Any) -> Iterator[Reason]:
    state = case.steps[name]
    if name in case.paying:
        said = _("“%(step)s” is being paid and is not in the new version", step=rule.title)
        yield red(said, _("wait until the payment has ended"))
    elif name in case.names.merged:
        whole = case.new.steps[case.names.merged[name]].title
        yield yellow(_("“%(step)s” is a part of “%(whole)s” now", step=rule.title, whole=whole))
    elif state in WITH_ACTOR or state == "pending_approval":
        cure = _("add `moved: {%(step)s: <a step>}` to the file, or finish the step first", step=name)
        yield red(_(GONE[state], step=rule.title), cure)
    elif state == "completed":
        said = N_("“%(step)s” is completed and is not in the new version: it stays in the history alone")
        yield yellow(_(said, step=rule.title))
    if name in case.paid:
        yield _money_stays(rule)


def _kept(case: Case, name: str, old: Any, new: Any) -> Iterator[Reason]:
    state = case.steps[name]
    if state == "pending_approval" and new.approval is None:
        said = _("“%(step)s” waits for an approval that the new version does not ask for", step=new.title)
        yield red(said, _("approve or return it first"))
    if name in case.paying and not _takes(case, case.names.steps[name], old, new, case.paying[name]):
        said = _("“%(step)s” is being paid, and not in this way any more", step=new.title)
        yield red(said, _("wait until the payment has ended"))
    elif name in case.paid and new.payment is None:
        yield _money_stays(new)
    if old.actor != new.actor and state in WITH_ACTOR:
        said = _("“%(step)s” is for %(now)s now, not for %(before)s")
        if name in case.drafts:
            said = _("“%(step)s” is for %(now)s now, not for %(before)s; what was typed stays in its form")
        yield yellow(said % {"step": new.title, "now": _party(new.actor), "before": _party(old.actor)})
    if state in WITH_ACTOR:
        yield from _asked_more(case, old, new)
    elif state in visibility.GIVEN:
        yield from _lacking(case, name, new)


def _party(actor: str) -> str:
    return {"customer": _("the customer"), "staff": _("staff"), "system": _("the system")}[actor]


def _takes(case: Case, name: str, old: Any, new: Any, minor: int) -> bool:
    """Whether money that is under way would be kept: it is exactly what the new version asks, while it asks."""
    if new.payment is None or new.payment.currency != old.payment.currency:
        return False
    price = payments.price_of(name, new.payment, case.amounts, case.scope)
    return price.minor == minor and case.after[name] in (*WITH_ACTOR, "locked")


def _money_stays(rule: Any) -> Reason:
    said = N_("“%(step)s” is paid, and nothing is to be paid in it any more: only people give the money back")
    return yellow(_(said, step=rule.title))


def _asked_more(case: Case, old: Any, new: Any) -> Iterator[Reason]:
    for field_name, rule in new.fields.items():
        if rule.required and case.names.old_field(field_name) is None and _is_asked(new, field_name, rule, case.scope):
            yield yellow(_("“%(step)s” asks one thing more: “%(question)s”", step=new.title, question=rule.label))
    if new.payment is not None and old.payment is None:
        yield yellow(_("“%(step)s” has to be paid now", step=new.title))


def _lacking(case: Case, name: str, new: Any) -> Iterator[Reason]:
    """What a completed step would have had to say; nobody is asked again."""
    here = case.carried.of(case.answers, case.names.steps[name])
    olds = fields_of(case.old)
    for field_name, rule in new.fields.items():
        if not rule.required or not is_blank(here.get(field_name)) or field_name in case.carried.lost:
            continue
        old = olds.get(case.names.old_field(field_name) or "")
        if not (old is not None and old.required and old.when == rule.when) and _is_asked(
            new, field_name, rule, case.scope
        ):
            said = N_("“%(step)s” was sent without “%(question)s”, which is required now; it is not asked again")
            yield yellow(_(said, step=new.title, question=rule.label))
    if new.payment is not None and case.old.steps[name].payment is None:
        said = N_("“%(step)s” was sent without the payment that it has now; it is not asked again")
        yield yellow(_(said, step=new.title))


def _is_asked(step: Any, name: str, rule: Any, scope: Mapping[str, Any]) -> bool:
    conditions = [text for text in (rule.when, step.conditions_of_pages().get(name)) if text]
    return all(compile_condition(text).holds(scope) is not False for text in conditions)


# --- whose turn it is --------------------------------------------------------------------------------------------


def _turns(case: Case) -> Iterator[Reason]:
    before, after = case.before, case.after
    undecided = visibility.visibility(case.new, after, case.scope).undecided
    for name, rule in case.new.steps.items():
        if rule.when != HIDDEN and name not in undecided:
            yield from _turn(rule, before.get(name), after[name])
    yield from _amounts(case, after)
    yield from _end(case, after)


def _turn(rule: Any, before: str | None, now: str) -> Iterator[Reason]:
    if before is None and now in ("open", "locked"):
        yield yellow(_(NEW_STEP[rule.actor, now], step=rule.title))
    elif before not in (None, now) and (said := _other_turn(before, now)):
        yield yellow(_(said, step=rule.title))


def _other_turn(before: str | None, now: str) -> str:
    """How a step that is in both versions stands otherwise; empty where nobody notices."""
    match now:
        case "skipped" if before in visibility.GIVEN:
            return N_("“%(step)s” is not needed any more and what was said in it no longer counts")
        case "skipped" if before != "locked":
            return N_("“%(step)s” is not needed any more")
        case "open":
            return N_("“%(step)s” can start at once")
        case "locked" if before == "open":
            return N_("“%(step)s” waits for another step now")
        case "locked":
            return N_("“%(step)s” may be asked for now")
        case "completed" if before == "skipped":
            return N_("“%(step)s” counts again")
        case "completed":
            return N_("“%(step)s” is completed by itself")
    return ""


def _amounts(case: Case, after: Mapping[str, str]) -> Iterator[Reason]:
    for name in payments.amounts_asked(case.new):
        if name not in case.amounts and after[name] in ("locked", *WITH_ACTOR):
            title = case.new.steps[name].title
            yield yellow(_("“%(step)s”: staff have to say how much is to be paid", step=title))


def _end(case: Case, after: Mapping[str, str]) -> Iterator[Reason]:
    """Moving must not end it: an end has words for the customer, and whoever moves it has none."""
    if not all(state in visibility.OVER for state in after.values()):
        return
    if outcomes.completes_by_itself(case.new):
        said = _("it would be completed at once, because nothing is left to do in the new version")
        yield red(said, _("finish it first"))
    elif not all(state in visibility.OVER for state in case.steps.values()):
        yield yellow(_("nothing is left to do: staff choose the outcome"))
