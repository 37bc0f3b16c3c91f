"""Another version of any flow: one or two random changes as an author makes them, with `moved` where a name changes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from random import Random
from typing import Any

from flows.catalogue.lint import lint
from flows.catalogue.reader import read_flow
from flows.catalogue.registry import LoadedFlow, Registry

Written = dict[str, Any]
TRIES = 40


def another(registry: Registry, name: str, dice: Random) -> tuple[LoadedFlow, list[str]]:
    """The flow with some changes that lint lets pass, and what they are."""
    loaded = registry.flows[name]
    for _ in range(TRIES):
        written = loaded.definition.model_dump(by_alias=True, exclude_unset=True, mode="json")
        chosen = dice.sample(CHANGES, dice.randint(1, 3))
        for change in chosen:
            written = change(written, dice)
        text = json.dumps(written, ensure_ascii=False, indent=1)
        reading = read_flow(text, f"{name}.flow.yaml")
        if reading.definition is None or any(
            one.severity == "error" for one in lint(reading.definition, registry, reading.source)
        ):
            continue
        digest = sha256(text.encode()).hexdigest()
        changed = replace(loaded, definition=reading.definition, text=text, content_hash=digest)
        return changed, [change.__name__ for change in chosen]
    raise AssertionError(f"none of {TRIES} changed versions of {name} is a flow")


def _renamed(written: Written, old: str, new: str) -> Written:
    """Under its new name wherever it is mentioned; `moved` tells."""
    text = re.sub(rf"(?<![\w-]){old}(?![\w-])", new, json.dumps(written, ensure_ascii=False))
    found: Written = json.loads(text)
    found["moved"] = {**found.get("moved", {}), old: new}
    return found


def rename_a_step(written: Written, dice: Random) -> Written:
    names = [*written.get("steps", {})]
    return _renamed(written, name, f"{name}_now") if names and (name := dice.choice(names)) else written


def rename_a_question(written: Written, dice: Random) -> Written:
    names = [name for _, step in _steps(written) for name in step.get("fields", {})]
    return _renamed(written, name, f"{name}_now") if names and (name := dice.choice(names)) else written


def rename_a_state(written: Written, dice: Random) -> Written:
    names = [*written.get("states", {})]
    return _renamed(written, name, f"{name}Now") if names and (name := dice.choice(names)) else written


def ask_more(written: Written, dice: Random) -> Written:
    for _, step in _steps(written):
        if "payment" not in step and dice.random() < 0.5:
            one = {"type": "text", "label": f"More {len(step.get('fields', {}))}", "required": dice.random() < 0.5}
            step["fields"] = {**step.get("fields", {}), f"more_{dice.randint(1, 9_999)}": one}
    return written


def ask_less(written: Written, dice: Random) -> Written:
    many = [step["fields"] for _, step in _steps(written) if len(step.get("fields", {})) > 1]
    if many and (fields := dice.choice(many)):
        del fields[dice.choice([*fields])]
    return written


def add_a_step(written: Written, dice: Random) -> Written:
    if written.get("steps"):
        step = {"title": "One step more", "actor": dice.choice(["customer", "staff"])}
        step |= {"fields": {"something": {"type": "text", "label": "Something", "required": True}}}
        at = dice.randint(0, len(written["steps"]))
        steps = [*written["steps"].items()]
        written["steps"] = dict([*steps[:at], ("one_more", step), *steps[at:]])
    return written


def remove_a_step(written: Written, dice: Random) -> Written:
    if len(written.get("steps", {})) > 1:
        del written["steps"][dice.choice([*written["steps"]])]
    return written


def change_the_dates(written: Written, dice: Random) -> Written:
    for key in ("deadline", "expires"):
        if key in written:
            written[key] = {**written[key], "after": f"{dice.randint(2, 40)}d"}
    return written


def change_the_timers(written: Written, dice: Random) -> Written:
    timers = written.get("timers", {})
    if timers and dice.random() < 0.5:
        del timers[dice.choice([*timers])]
    written["timers"] = {**timers, "one_more": {"after": [f"{dice.randint(1, 30)}d"], "do": [{"notice": "Go on"}]}}
    return written


def change_the_words(written: Written, _dice: Random) -> Written:
    return {**written, "title": f"{written['title']}, newly put"}


CHANGES: list[Callable[[Written, Random], Written]] = [
    rename_a_step, rename_a_question, rename_a_state, ask_more, ask_less, add_a_step, remove_a_step, change_the_dates,
    change_the_timers, change_the_words,
]  # fmt: skip


def _steps(written: Written) -> list[tuple[str, Written]]:
    return [*written.get("steps", {}).items()]
