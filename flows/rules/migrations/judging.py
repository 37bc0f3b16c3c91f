"""What moving one instance to another version means for the people in it: the rules behind green, yellow and red."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flows.rules import moves, outcomes, payments, stages, visibility
from flows.rules.answers.shapes import is_blank
from flows.rules.expressions import ExpressionProblem, compile_condition
from flows.rules.migrations.answers import Answers, Carried
from flows.rules.migrations.clocks import Clocks, of_clocks
from flows.rules.migrations.names import FlowLike, Names, fields_of
from flows.rules.migrations.plan import Plan, Reason, distinct, red, yellow
from flows.rules.moves import WITH_ACTOR

STATE_WORDS = {
    "open": "open", "returned": "returned to its actor", "reopened": "reopened",
    "pending_approval": "waiting for approval",
}  # fmt: skip
PARTY = {"customer": "the customer", "staff": "staff", "system": "the system"}
MEND = "mend the flow, or the answers that it breaks on"
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
                return red(f"it cannot be judged: “{rule.title}” has the condition `{text}`: {here}", MEND)
    return red(f"it cannot be judged: {problem}", MEND)


# --- the whole ---------------------------------------------------------------------------------------------------


def _kind(case: Case) -> Iterator[Reason]:
    if bool(case.old.states) != bool(case.new.states):
        ways = ("steps", "states") if case.new.states else ("states", "steps")
        yield red(f"the flow had {ways[0]} and has {ways[1]} now", "give the new flow a name of its own")
    elif case.old.states and ("Case" in (case.old.type, case.new.type)) and case.old.type != case.new.type:
        yield red("its reference would change, because `type` is another one", "keep the `type`")


def _state(case: Case) -> Iterator[Reason]:
    target = case.names.states.get(case.state or "")
    if target is None:
        cure = f"add `moved: {{{case.state}: <a state>}}` to the file, or move it on first"
        yield red(f"it is in “{_label(case.old, case.state)}”, which is not in the new version", cure)
        return
    status = stages.status_of(case.new, target)
    if status == case.status:
        return
    if status in ("completed", "cancelled"):
        yield red(f"it would end at once, because “{_label(case.new, target)}” is an end now", "move it on first")
    else:
        yield yellow(f"“{_label(case.new, target)}” counts as {status.replace('_', ' ')} now")


def _label(flow: Any, state: str | None) -> str:
    return stages.state_label(flow, state or "")


def _start(case: Case) -> Iterator[Reason]:
    had = case.carried.of(case.answers, "")
    for name, rule in case.new.start.questions.items():
        old = case.old.start.questions.get(case.names.old_field(name) or "")
        if rule.required and is_blank(had.get(name)) and not (old is not None and old.required):
            yield yellow(f"“{rule.label}” is given at the start now; this one began without it")


def _links(case: Case) -> Iterator[Reason]:
    for name in case.links:
        if name not in case.new.links and name in case.old.links:
            yield yellow(f"{case.old.links[name].label}: the link stays in the history and is no longer shown")


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
        yield red(f"“{rule.title}” is being paid and is not in the new version", "wait until the payment has ended")
    elif name in case.names.merged:
        yield yellow(f"“{rule.title}” is a part of “{case.new.steps[case.names.merged[name]].title}” now")
    elif state in WITH_ACTOR or state == "pending_approval":
        cure = f"add `moved: {{{name}: <a step>}}` to the file, or finish the step first"
        yield red(f"“{rule.title}” is {STATE_WORDS[state]} and is not in the new version", cure)
    elif state == "completed":
        yield yellow(f"“{rule.title}” is completed and is not in the new version: it stays in the history alone")
    if name in case.paid:
        yield _money_stays(rule)


def _kept(case: Case, name: str, old: Any, new: Any) -> Iterator[Reason]:
    state = case.steps[name]
    if state == "pending_approval" and new.approval is None:
        yield red(
            f"“{new.title}” waits for an approval that the new version does not ask for", "approve or return it first"
        )
    if name in case.paying and not _takes(case, case.names.steps[name], old, new, case.paying[name]):
        yield red(f"“{new.title}” is being paid, and not in this way any more", "wait until the payment has ended")
    elif name in case.paid and new.payment is None:
        yield _money_stays(new)
    if old.actor != new.actor and state in WITH_ACTOR:
        typed = "; what was typed stays in its form" if name in case.drafts else ""
        yield yellow(f"“{new.title}” is for {PARTY[new.actor]} now, not for {PARTY[old.actor]}{typed}")
    if state in WITH_ACTOR:
        yield from _asked_more(case, old, new)
    elif state in visibility.GIVEN:
        yield from _lacking(case, name, new)


def _takes(case: Case, name: str, old: Any, new: Any, minor: int) -> bool:
    """Whether money that is under way would be kept: it is exactly what the new version asks, while it asks."""
    if new.payment is None or new.payment.currency != old.payment.currency:
        return False
    price = payments.price_of(name, new.payment, case.amounts, case.scope)
    return price.minor == minor and case.after()[name] in (*WITH_ACTOR, "locked")


def _money_stays(rule: Any) -> Reason:
    return yellow(f"“{rule.title}” is paid, and nothing is to be paid in it any more: only people give the money back")


def _asked_more(case: Case, old: Any, new: Any) -> Iterator[Reason]:
    for field_name, rule in new.fields.items():
        if rule.required and case.names.old_field(field_name) is None and _is_asked(new, field_name, rule, case.scope):
            yield yellow(f"“{new.title}” asks one thing more: “{rule.label}”")
    if new.payment is not None and old.payment is None:
        yield yellow(f"“{new.title}” has to be paid now")


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
            yield yellow(f"“{new.title}” was sent without “{rule.label}”, which is required now; it is not asked again")
    if new.payment is not None and case.old.steps[name].payment is None:
        yield yellow(f"“{new.title}” was sent without the payment that it has now; it is not asked again")


def _is_asked(step: Any, name: str, rule: Any, scope: Mapping[str, Any]) -> bool:
    conditions = [text for text in (rule.when, step.conditions_of_pages().get(name)) if text]
    return all(compile_condition(text).holds(scope) is not False for text in conditions)


# --- whose turn it is --------------------------------------------------------------------------------------------


def _turns(case: Case) -> Iterator[Reason]:
    before, after = case.before, case.after()
    undecided = visibility.visibility(case.new, after, case.scope).undecided
    for name, rule in case.new.steps.items():
        if rule.when != HIDDEN and name not in undecided:
            yield from _turn(rule, before.get(name), after[name])
    yield from _amounts(case, after)
    yield from _end(case, after)


def _turn(rule: Any, before: str | None, now: str) -> Iterator[Reason]:
    title = f"“{rule.title}”"
    if before is None and now in ("open", "locked"):
        later = "" if now == "open" else ", when what comes before it is done"
        yield yellow(f"{title} is a new step for {PARTY[rule.actor]}{later}")
    elif before == now or before is None:
        return
    elif now == "skipped":
        kept = " and what was said in it no longer counts" if before in visibility.GIVEN else ""
        yield from [yellow(f"{title} is not needed any more{kept}")] if before != "locked" else ()
    elif now == "open":
        yield yellow(f"{title} can start at once")
    elif now == "locked":
        yield yellow(f"{title} " + ("waits for another step now" if before == "open" else "may be asked for now"))
    elif now == "completed":
        yield yellow(f"{title} " + ("counts again" if before == "skipped" else "is completed by itself"))


def _amounts(case: Case, after: Mapping[str, str]) -> Iterator[Reason]:
    for name in payments.amounts_asked(case.new):
        if name not in case.amounts and after[name] in ("locked", *WITH_ACTOR):
            yield yellow(f"“{case.new.steps[name].title}”: staff have to say how much is to be paid")


def _end(case: Case, after: Mapping[str, str]) -> Iterator[Reason]:
    """Moving must not end it: an end has words for the customer, and whoever moves it has none."""
    if not all(state in visibility.OVER for state in after.values()):
        return
    if outcomes.completes_by_itself(case.new):
        yield red("it would be completed at once, because nothing is left to do in the new version", "finish it first")
    elif not all(state in visibility.OVER for state in case.steps.values()):
        yield yellow("nothing is left to do: staff choose the outcome")
