"""Two versions side by side, part by part; what was renamed is found by `moved`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from flows.authoring.diff.changes import HARMLESS, LATER, NEW_ONES, Change
from flows.authoring.diff.meaning import (
    of_flow_key,
    of_new_question,
    of_new_step,
    of_old_action,
    of_question_key,
    of_state_key,
    of_step_key,
)
from flows.catalogue import FlowDefinition
from flows.rules.migrations import Names, counterparts
from flows.words import N_
from flows.words import gettext as _

GONE_STEP = N_("cannot be moved while it is open; completed, it stays in the history alone")
GONE_QUESTION = N_("lost answers: they stay in the history and are no longer shown")
GONE_STATE = N_("cannot be moved while they are in it")
RENAMED = N_("found again by `moved`; no answer is lost")
MERGED = N_("answers to questions that are there now go with it")
PLANNED_ANEW = N_("other moments: what is still to come is planned anew")
FLOW_KEYS = (
    "title", "type", "summary", "help", "keywords", "archived", "status_labels", "deadline", "expires", "messaging",
    "rating", "cancel", "running", "i18n",
)  # fmt: skip
Meaning = Callable[[str, Any, Any], str]
Facts = Mapping[str, Any]


def difference(old: FlowDefinition, new: FlowDefinition) -> list[Change]:
    """Everything that is another, in the order of `PARTS`; none when both say the same."""
    names = counterparts(old, new)
    before, after = _plain(old), _plain(new)
    return [
        *_keys("flow", old.flow, new.title, _only(before, FLOW_KEYS), _only(after, FLOW_KEYS), of_flow_key),
        *_start(before["start"], after["start"], names),
        *_steps(before, after, names),
        *_questions(old, new, names),
        *_states(old, new, before, after, names),
        *_named("actions", before["actions"], after["actions"], new=_harmless, gone=of_old_action, key=_later),
        *_named("timers", before["timers"], after["timers"], new=_anew, gone=_anew, key=_of_timer),
        *_effects(before["effects"], after["effects"]),
        *_named("outcomes", before["outcomes"], after["outcomes"], new=_harmless, gone=_harmless, key=_later),
        *_named("links", before["links"], after["links"], new=_harmless, gone=_gone_link, key=_later),
    ]


def _plain(flow: FlowDefinition) -> dict[str, Any]:
    """As it would stand in a file that writes every key, so that a default written out is no difference."""
    return flow.model_dump(by_alias=True, mode="json")


def _only(facts: Facts, keys: Sequence[str]) -> dict[str, Any]:
    return {key: facts[key] for key in keys}


def _but(facts: Facts, *keys: str) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if key not in keys}


def _title(facts: Any) -> str:
    return str(facts.get("title") or facts.get("label") or "") if isinstance(facts, dict) else ""


# --- parts -------------------------------------------------------------------------------------------------------


def _start(before: Facts, after: Facts, names: Names) -> Iterator[Change]:
    keys = ("inputs", "fields")
    yield from _keys("start", "start", "", _but(before, *keys), _but(after, *keys), lambda *_: NEW_ONES)
    for key in keys:
        yield from _named(
            "start", before[key], after[key], names.fields, new=lambda _: NEW_ONES, gone=lambda _: GONE_QUESTION,
            key=of_question_key, place=f"start.{key}.",
        )  # fmt: skip


def _steps(before: Facts, after: Facts, names: Names) -> Iterator[Change]:
    parts = ({name: _but(rule, "fields") for name, rule in one["steps"].items()} for one in (before, after))
    olds, news = (_under_new_names(one, names) for one in parts)
    yield from _named(
        "steps",
        olds,
        news,
        names.steps,
        new=of_new_step,
        gone=lambda _: GONE_STEP,
        key=of_step_key,
        merged=names.merged,
    )


def _under_new_names(steps: Facts, names: Names) -> dict[str, Any]:
    """What a step mentions by a name that only moved is no difference: `needs`, and the questions of its pages."""
    found = {}
    for name, rule in steps.items():
        pages = {
            page: {**facts, "fields": [names.fields.get(one, one) for one in facts["fields"]]}
            for page, facts in rule["pages"].items()
        }
        found[name] = {**rule, "needs": [names.steps.get(one, one) for one in rule["needs"]], "pages": pages}
    return found


def _questions(old: FlowDefinition, new: FlowDefinition, names: Names) -> Iterator[Change]:
    """Step by step; one that has gone to another step is no new one."""
    at = {field: step for step, rule in new.steps.items() for field in rule.fields}
    was_at = {field: step for step, rule in old.steps.items() for field in rule.fields}
    news = {name: _plain_field(new.steps[step].fields[name]) for name, step in at.items()}
    olds = {name: _plain_field(old.steps[step].fields[name]) for name, step in was_at.items()}
    yield from _named(
        "questions", olds, news, names.fields, new=of_new_question, gone=lambda _: GONE_QUESTION, key=of_question_key,
        ordered=False,
    )  # fmt: skip
    for name, target in names.fields.items():
        if name in was_at and target in at and names.steps.get(was_at[name], was_at[name]) != at[target]:
            means = N_("the answer goes with it; in a step that was not sent yet it waits in the form")
            yield Change("questions", "changed", target, _title(news[target]), "step", was_at[name], at[target], means)
    for step, rule in new.steps.items():
        origin = names.old_step(step)
        was = [names.fields.get(one, one) for one in old.steps[origin].fields] if origin else []
        yield from _reordered("questions", _("questions of %(step)s", step=step), was, [*rule.fields])


def _plain_field(field: Any) -> dict[str, Any]:
    found: dict[str, Any] = field.model_dump(by_alias=True, mode="json")
    return found


def _states(old: FlowDefinition, new: FlowDefinition, before: Facts, after: Facts, names: Names) -> Iterator[Change]:
    yield from _named(
        "states", before["states"], after["states"], names.states, new=_harmless, gone=lambda _: GONE_STATE,
        key=of_state_key,
    )  # fmt: skip
    if old.start_state and new.start_state and names.states.get(old.start_state) != new.start_state:
        yield Change("states", "changed", "start", "", "state", old.start_state, new.start_state, NEW_ONES)


def _effects(before: Facts, after: Facts) -> Iterator[Change]:
    yield from _named(
        "effects", before, after, new=lambda _: LATER, gone=lambda _: LATER, key=_later, ordered=False
    )  # fmt: skip


def _harmless(_facts: Any) -> str:
    return HARMLESS


def _anew(_facts: Any) -> str:
    return PLANNED_ANEW


def _gone_link(_facts: Any) -> str:
    return N_("links that were made stay in the history and are no longer shown")


def _later(_key: str, _before: Any, _after: Any) -> str:
    return LATER


def _of_timer(key: str, _before: Any, _after: Any) -> str:
    return LATER if key in ("while", "do") else PLANNED_ANEW


# --- maps of named things ------------------------------------------------------------------------------------------


def _named(
    part: str,
    olds: Facts,
    news: Facts,
    names: Mapping[str, str] | None = None,
    *,
    new: Callable[[Any], str],
    gone: Callable[[Any], str],
    key: Meaning,
    place: str = "",
    ordered: bool = True,
    merged: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Change]:
    pairs = {name: to for name, to in (names or {name: name for name in olds}).items() if name in olds and to in news}
    for name in olds:
        if name not in pairs and name not in merged:
            means = gone(olds[name])
            yield Change(part, "removed", f"{place}{name}", _title(olds[name]), before=olds[name], means=means)
    for name, target in pairs.items():
        if name != target:
            yield Change(part, "renamed", f"{place}{name}", _title(olds[name]), "", name, target, RENAMED)
        yield from _keys(part, f"{place}{target}", _title(news[target]), olds[name], news[target], key)
    for name, target in merged.items():
        yield Change(part, "merged", f"{place}{name}", _title(olds[name]), "", name, target, MERGED)
    for name in news:
        if name not in pairs.values():
            yield Change(part, "added", f"{place}{name}", _title(news[name]), after=news[name], means=new(news[name]))
    if ordered:
        yield from _reordered(part, place.strip(".") or part, [pairs[name] for name in olds if name in pairs], [*news])


def _reordered(part: str, what: str, before: Sequence[str], after: Sequence[str]) -> Iterator[Change]:
    """Only those that are in both count: what comes or goes changes no order."""
    was, now = [one for one in before if one in after], [one for one in after if one in before]
    if was != now:
        yield Change(part, "reordered", what, "", "", was, now)


def _keys(part: str, name: str, title: str, before: Any, after: Any, means: Meaning) -> Iterator[Change]:
    if not isinstance(before, dict) or not isinstance(after, dict):
        if before != after:
            yield Change(part, "changed", name, title, _("what is owed"), before, after, means("", before, after))
        return
    both = before.keys() & after.keys() if before.get("type") != after.get("type") else before.keys() | after.keys()
    for key in (one for one in {**before, **after} if one in both):
        if before.get(key) != after.get(key):
            was, now = before.get(key), after.get(key)
            yield Change(part, "changed", name, title, key, was, now, means(key, was, now))
