"""`baton flows record`: a life written down plays as it was, and nothing of its people is in the file (X20, X32)."""

from __future__ import annotations

import pytest
from flask import Flask

from flows import catalogue
from flows.authoring.play.cast import NAMES
from flows.authoring.play.recording import record
from flows.authoring.play.redacting import Redactor
from flows.authoring.play.samples import WORDS
from flows.catalogue import parse_stored
from flows.rules.expressions import compile_condition
from tests.conftest import MONDAY
from tests.past.lives import life
from tests.past.test_past import FLOWS


@pytest.mark.requirement("X32")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("flow", FLOWS)
def test_a_recorded_life_plays_as_it_was(app: Flask, flow: str, seed: int) -> None:
    with life(catalogue.current(), flow, seed + 100, steps=25, playable=True) as lived:
        reference = lived.stage.uid_of(lived.instance_id)
    recorded = record(reference)
    assert recorded.failures == (), "\n".join([*lived.story, recorded.text, *recorded.failures])


@pytest.mark.requirement("X20", "X32")
def test_nobodys_answers_are_in_the_file(app: Flask) -> None:
    with life(catalogue.current(), "tenant-onboarding", 103, steps=30, playable=True) as lived:
        reference = lived.stage.uid_of(lived.instance_id)
    text = record(reference).text
    assert "legal_name: Sample" in text
    for word in (*WORDS, *NAMES.values(), "upl_", "Acme"):
        assert word not in text, f"{word} in\n{text}"


SENSITIVE = """\
flow: seeded
schema: 1
title: Seeded
start: {customer: true}
steps:
  first:
    title: First
    actor: customer
    fields:
      income: {type: money, label: Income, required: true, sensitive: true}
      health: {type: choice, label: Health, sensitive: true, options: {well: Well, ill: Ill, other: Other}}
      city: {type: text, label: City}
      pets: {type: boolean, label: Pets}
      age: {type: integer, label: Age}
  second:
    title: Second
    actor: customer
    when: data.income < 30000 && data.health != "well" || data.city == "Leeds" && data.pets
"""


@pytest.mark.requirement("X20", "X32")
@pytest.mark.parametrize("income", [4_321, 43_210])
@pytest.mark.parametrize("health", ["well", "other"])
@pytest.mark.parametrize("city", ["Leeds", "Hull"])
def test_samples_take_the_same_ways(income: int, health: str, city: str) -> None:
    definition = parse_stored(SENSITIVE)
    real = {"income": income, "health": health, "city": city, "pets": True, "age": 47}
    scope = {"data": real}
    redactor = Redactor(definition, scope, MONDAY.date(), lambda _uid, names: names[0])
    samples = redactor.answers(definition.steps["first"].fields, real, "data.")
    assert redactor.notes == []
    assert samples["income"] != income
    assert samples["pets"] is True, "a plain answer that is read stays"
    assert samples["age"] == 1, "one that is not read does not"
    assert samples["city"] in ("Sample", "Leeds"), "what a condition compares with is in the flow already"
    when = definition.steps["second"].when or ""
    assert compile_condition(when).holds({"data": samples}) is compile_condition(when).holds(scope)


def test_options_that_are_called_as_conditions_are_none() -> None:
    definition = parse_stored(
        SENSITIVE.replace("other: Other}", "other: Other, if: If you ask me, when: When it rains}").replace(
            "city: {type: text, label: City}", "city: {type: text, label: City, sensitive: true}"
        )
    )
    real = {"income": 1, "health": "when", "city": "Leeds", "pets": True}
    redactor = Redactor(definition, {"data": real}, MONDAY.date(), lambda _uid, names: names[0])
    assert redactor.answers(definition.steps["first"].fields, real, "data.")["city"] == "Leeds"
    assert redactor.notes == []
