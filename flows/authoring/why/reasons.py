"""The reasons of an instance: its status, whose turn it is, each of its steps, questions, endings and actions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from flows.authoring.why import clocks
from flows.authoring.why.looking import Look, Value, Why
from flows.catalogue.schema import Step as StepRule
from flows.catalogue.source import Path
from flows.models import Instance, Step
from flows.queries import health
from flows.rules import moves, stages
from flows.rules.payments import free_steps
from flows.rules.visibility import is_shown
from flows.rules.words import listed, moment_in_words
from flows.words import N_, pgettext
from flows.words import gettext as _

STEP_IS = {
    "open": N_("%(step)s is open"), "pending_approval": N_("%(step)s waits for approval"),
    "completed": N_("%(step)s is completed"), "returned": N_("%(step)s was returned"),
    "reopened": N_("%(step)s was reopened"), "locked": N_("%(step)s is locked"),
    "skipped": N_("%(step)s is skipped"),
}  # fmt: skip
WAITS_FOR = {
    "customer": N_("It waits for the customer"), "staff": N_("It waits for staff"),
    "system": N_("It waits for Baton itself"),
}  # fmt: skip


def reasons(look: Look) -> list[Why]:
    """Everything that can be asked about, in the order in which people read it."""
    found = [*_status(look)]
    for step in look.instance.steps:
        found += _step(look, step)
    found += _actions(look)
    found += _start(look)
    timers = health.timers_of(look.actor, look.life.today)
    return [*found, *clocks.dates(look), *clocks.timers(look, timers), *clocks.effects(look)]


# --- status and baton -------------------------------------------------------------------------------------------


def _status(look: Look) -> Iterator[Why]:
    instance = look.instance
    status, cause = _plain(instance.status), look.because("status", "state", "outcome")
    if instance.state is not None:
        label = stages.state_label(look.definition, instance.state)
        rule = look.definition.states[instance.state]
        text = _("The status is “%(status)s”, in the state “%(state)s”", status=status, state=label)
        yield Why(
            "status", "status", text, True, "is", f"is: {rule.is_}",
            look.place("states", instance.state, "is"), because=cause,
        )  # fmt: skip
    else:
        text = _("The status is “%(status)s”", status=status)
        yield Why("status", "status", text, True, rule=_status_rule(instance), values=_states(look), because=cause)
    baton = _(WAITS_FOR[instance.waiting_on]) if instance.waiting_on else _("It waits for nobody")
    yield Why(
        "waiting_on", "waiting_on", baton, True, rule=_baton_rule(look), values=_states(look),
        because=look.because("waiting_on", "status"),
    )  # fmt: skip
    if instance.outcome is not None:
        name = instance.outcome
        label = look.definition.all_outcomes()[name].label
        place = look.place("outcomes", name)
        yield Why(
            "ending",
            name,
            _("It ended as “%(outcome)s”", outcome=label),
            True,
            "outcomes",
            name,
            place,
            because=look.because("outcome"),
        )


def _status_rule(instance: Instance) -> str:
    """Why a status that is derived from the steps is what it is, in words (C17 to C22)."""
    if not instance.is_open:
        return _("It has ended; the event says how")
    return {
        "awaiting_review": _("A step waits for approval"),
        "not_started": _("No step was sent yet"),
        "in_progress": _("At least one step was sent, none waits for approval, and it has no outcome yet"),
    }[instance.status]


def _baton_rule(look: Look) -> str:
    instance = look.instance
    if not instance.is_open:
        return _("It has ended")
    if instance.state is not None:
        return _("It waits for whoever it is assigned to: the customer, or staff")
    if "pending_approval" in look.states.values():
        return _("A review comes first; the customer's clock does not run meanwhile")
    if any(state in moves.WITH_ACTOR for state in look.states.values()):
        return _("The customer's open steps come first, then those of staff, then those that end by themselves")
    return _("Nothing is left to do: somebody closes it, or it closes by itself")


def _states(look: Look) -> tuple[Value, ...]:
    return tuple(Value(_("step %(name)s", name=name), _plain(state)) for name, state in look.states.items())


def _plain(word: str) -> str:
    """A state or status in the middle of a sentence."""
    return {
        "not_started": _("not started"), "in_progress": _("in progress"), "awaiting_review": _("awaiting review"),
        "completed": _("completed"), "cancelled": _("cancelled"), "expired": _("expired"), "locked": _("locked"),
        "open": pgettext("state", "open"), "pending_approval": _("pending approval"),
        "returned": pgettext("state", "returned"), "reopened": pgettext("state", "reopened"), "skipped": _("skipped"),
    }[word]  # fmt: skip


# --- steps ------------------------------------------------------------------------------------------------------


def _step(look: Look, step: Step) -> Iterator[Why]:
    rule, path = look.definition.steps[step.name], ("steps", step.name)
    cause = look.because(f"steps.{step.name}.state", about=step.name)
    title, is_free = rule.title, step.name in free_steps(look.definition, look.instance.amounts, look.scope)
    if step.state == "skipped" and is_free and is_shown(rule, look.scope) is not False:
        value = Value(_("amount"), str(look.instance.amounts.get(step.name, 0)))
        yield Why(
            "step", step.name, _("%(step)s is not needed: nothing is to be paid", step=title), False, "payment",
            _("a step whose amount is 0 is passed over"), look.place(*path, "payment"), (value,), because=cause,
        )  # fmt: skip
    elif rule.when:
        yield look.rule("step", step.name, _shown(look, step, rule), rule.when, (*path, "when"), because=cause)
    if step.state == "locked" and (awaited := moves.awaited(look.definition, look.states, step.name)):
        yield _waits(look, step, rule, awaited)
    elif not rule.when and not (step.state == "skipped" and is_free):
        said = _(STEP_IS[step.state], step=title)
        yield Why(
            "step", step.name, said, True, rule=_("a step without a condition is always there"),
            place=look.place(*path), because=cause,
        )  # fmt: skip
    if rule.done_when:
        said = N_("%(step)s completes by itself once this holds")
        if step.state == "completed":
            said = N_("%(step)s completes by itself")
        yield look.rule("step", step.name, _(said, step=title), rule.done_when, (*path, "done_when"), because=cause)
    yield from _fields(look, step, rule, path)
    yield from _endings(look, step, rule, path)


def _shown(look: Look, step: Step, rule: StepRule) -> str:
    shown = is_shown(rule, look.scope)
    if step.state == "skipped":
        return _("%(step)s is hidden", step=rule.title)
    if shown is None and step.state == "locked":
        return _("%(step)s is hidden for now: it is not yet decided whether it is needed", step=rule.title)
    return _(STEP_IS[step.state], step=rule.title)


def _waits(look: Look, step: Step, rule: StepRule, awaited: Sequence[str]) -> Why:
    titles = listed([f"“{look.definition.steps[name].title}”" for name in awaited])
    values = tuple(Value(_("step %(name)s", name=name), _plain(look.states[name])) for name in awaited)
    said = _("%(step)s is locked: first comes %(steps)s", step=rule.title, steps=titles)
    return Why(
        "step", step.name, said, False, "needs",
        f"needs: [{', '.join(rule.needs)}]", look.place("steps", step.name, "needs"), values,
        because=look.because(f"steps.{step.name}.state", about=step.name),
    )  # fmt: skip


def _fields(look: Look, step: Step, rule: StepRule, path: Path) -> Iterator[Why]:
    """Questions with a condition of their own, or on a page that has one; those that others answer are left out."""
    pages = {name: (page, one.when) for page, one in rule.pages.items() if one.when for name in one.fields}
    for name, field in rule.fields.items():
        if f"data.{name}" in look.unseen:
            continue
        label, about = getattr(field, "label", None) or name, f"{step.name}.{name}"
        if field.when:
            yield _asked(look, about, label, field.when, (*path, "fields", name, "when"))
        if name in pages:
            page, when = pages[name]
            yield _asked(look, about, label, when or "", (*path, "pages", page, "when"))


def _asked(look: Look, about: str, label: str, text: str, path: Path) -> Why:
    why = look.rule("field", about, "", text, path)
    said = {
        True: N_("“%(question)s” is asked"), False: N_("“%(question)s” is hidden"),
        None: N_("“%(question)s” is hidden for now: what it depends on is not known yet"),
    }  # fmt: skip
    return replace(why, what=_(said[why.verdict], question=label))


def _endings(look: Look, step: Step, rule: StepRule, path: Path) -> Iterator[Why]:
    """The automatic endings of a step: when it was sent or approved, each rule was held against what was known then."""
    for number, ending in enumerate(rule.outcome):
        usual = "submitted" if rule.approval is None else "approved"
        on = ending.on or usual
        name = ending.complete or ending.close or ""
        label = look.definition.all_outcomes()[name].label
        moment, event = clocks.last(
            look, f"step_{on}", step=step.name, **({"enough": True} if on == "approved" else {})
        )
        place = (*path, "outcome", number, "if")
        if moment is None or event is None:
            text = _(NOT_YET[on], outcome=label, step=rule.title)
            why = look.rule("outcome", step.name, text, ending.if_, place)
            yield replace(why, verdict=None, decided=())
            continue
        then = look.after(moment) or look
        why = then.rule("outcome", step.name, "", ending.if_, place, because=look.told(event))
        ended = bool(why.verdict) and look.instance.outcome == name
        yield replace(why, what=_(ENDED[ended, on], outcome=label, step=rule.title))


NOT_YET = {
    "submitted": N_("“%(outcome)s”: %(step)s was not submitted yet"),
    "approved": N_("“%(outcome)s”: %(step)s was not approved yet"),
}
ENDED = {
    (True, "submitted"): N_("“%(outcome)s” ended it when %(step)s was submitted"),
    (True, "approved"): N_("“%(outcome)s” ended it when %(step)s was approved"),
    (False, "submitted"): N_("“%(outcome)s” did not end it when %(step)s was submitted"),
    (False, "approved"): N_("“%(outcome)s” did not end it when %(step)s was approved"),
}


# --- states and beginnings --------------------------------------------------------------------------------------


def _actions(look: Look) -> Iterator[Why]:
    for name, action in look.definition.actions.items():
        if action.if_ is None:
            continue
        label = stages.action_label(look.definition, name)
        why = look.rule("action", name, "", action.if_, ("actions", name, "if"))
        said = N_("“%(action)s” is possible") if why.verdict else N_("“%(action)s” is not possible")
        if look.instance.state not in action.from_:
            said = N_("“%(action)s” is not possible in this state, whatever its condition says")
        yield replace(why, what=_(said, action=label))


def _start(look: Look) -> Iterator[Why]:
    start, instance = look.definition.start, look.instance
    began = moment_in_words(instance.created_at, instance.time_zone)
    first = look.life.moments[0].events[-1]
    if start.if_ is None or instance.source != "event":
        return
    why = look.rule(
        "start",
        "start",
        _("It began by itself on %(moment)s", moment=began),
        start.if_,
        ("start", "if"),
        because=look.told(first),
    )
    note = "" if why.verdict else _("Of the event that began it only the inputs are kept")
    yield replace(why, verdict=True, note=note)
