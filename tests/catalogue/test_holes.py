"""Holes in words: filled where somebody in particular reads them, refused where nobody would fill them."""

from __future__ import annotations

import pytest

from flows.catalogue.lint import lint
from flows.catalogue.reader import read_flow
from flows.catalogue.registry import Registry

FLOW = """\
flow: keys
schema: 1
title: Keys {title}
start: {{customer: true}}
cancel: {{by: [staff, customer]}}
steps:
  ask:
    title: Ask
    actor: customer
    help: How many do you need {help}
    fields:
      how_many: {{type: integer, label: "How many {label}", required: true}}
      note: {{type: info, label: "So it is {info}"}}
outcomes:
  complete: {{label: Done, kind: positive, message: "Here they are {message}"}}
"""
NONE = dict.fromkeys(("title", "help", "label", "info", "message"), "")


def problems(**where: str) -> list[tuple[str, str, int]]:
    reading = read_flow(FLOW.format(**{**NONE, **where}), "keys.flow.yaml")
    assert reading.definition is not None, reading.problems
    return [(one.code, one.severity, one.line) for one in lint(reading.definition, Registry(), reading.source)]


@pytest.mark.requirement("X35")
@pytest.mark.parametrize("place", ["help", "info", "message"])
def test_what_is_told_to_somebody_has_holes(place: str) -> None:
    assert problems(**{place: "${{ data.how_many }}"}) == []


@pytest.mark.requirement("X35")
@pytest.mark.parametrize(("place", "line"), [("title", 3), ("label", 12)])
def test_what_everybody_reads_has_none(place: str, line: int) -> None:
    assert ("F235", "error", line) in problems(**{place: "${{ data.how_many }}"})


@pytest.mark.requirement("X35")
@pytest.mark.parametrize("almost", ["{{ data.how_many }}", "${data.how_many}"])
def test_what_only_looks_like_a_hole_is_told(almost: str) -> None:
    assert problems(help=f"'{almost}'") == [("F236", "warning", 10)]
    assert problems(help="a price of $5 {or so}") == []
