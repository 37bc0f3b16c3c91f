"""Holes in what a step tells: filled from the answers that there are, in every door, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from flows import catalogue
from flows.catalogue.loader import load_packages
from flows.rules.actors import Actor
from tests.api.conftest import Phone, signed_in
from tests.guided.conftest import Play
from tests.portal.browsing import Visitor
from tests.world import World

__all__ = ["signed_in"]
pytestmark = [pytest.mark.requirement("X23"), pytest.mark.parametrize("database", ["sqlite"])]

FLOW = """\
flow: cut
schema: 1
title: Keys
start: {staff: true}
steps:
  ask:
    title: Ask
    actor: customer
    fields:
      size: {type: choice, label: Size, options: {l: "Large <b>", s: Small}}
      many: {type: integer, label: Many}
  take:
    title: Take
    actor: customer
    needs: [ask]
    help: "HELP[${{ data.size }}|${{ data.many }}|${{ data.later }}|${{ actor.first_name }}]"
    pages:
      one: {title: One, help: "PAGE[${{ data.many }}]", fields: [note, later]}
    fields:
      note: {type: info, label: "INFO[${{ data.size }}]"}
      later: {type: text, label: Later}
  work:
    title: Work
    actor: staff
    needs: [ask]
    help: "STAFF[${{ data.size }}]"
    fields:
      seen: {type: info, label: "INFO[${{ data.many }}]"}
      done: {type: text, label: Done}
"""
WELSH = """\
steps:
  ask: {fields: {size: {options: {l: "Mawr <b>"}}}}
  take: {help: "CYMORTH[${{ data.size }}|${{ data.many }}|${{ data.later }}|${{ actor.first_name }}]"}
"""


@pytest.fixture
def parts() -> tuple[str, ...]:
    return ("messaging", "portal", "admin")


@pytest.fixture
def cut(app: Flask, world: World, tmp_path: Path) -> Play:
    (tmp_path / "locales").mkdir()
    (tmp_path / "cut.flow.yaml").write_text(FLOW)
    (tmp_path / "locales" / "cut.cy.yaml").write_text(WELSH)
    catalogue.use(load_packages([], [tmp_path]))
    assert catalogue.current().broken == []
    play = Play(world)
    play.start("cut", inputs={})
    play.submit("ask", {"size": "l", "many": 3})
    return play


def test_pages_of_customers_and_staff_fill_them(app: Flask, cut: Play) -> None:
    portal = Visitor(app, cut.world.tenant).get(f"/tasks/{cut.ref}/steps/take/page-one")
    office = Visitor(app, cut.world.agent).get(f"/admin/tasks/{cut.ref}/steps/work")
    assert "INFO[Large &lt;b&gt;]" in portal
    assert "PAGE[3]" in portal
    assert "STAFF[Large &lt;b&gt;]" in office
    assert "INFO[3]" in office
    assert "${{" not in portal + office


@pytest.mark.parametrize(
    ("language", "told"), [("en", "HELP[Large <b>|3||Priya]"), ("cy", "CYMORTH[Mawr <b>|3||Priya]")]
)
def test_the_api_fills_them_in_the_language_that_was_asked_for(
    cut: Play, signed_in: Callable[[Actor], Phone], language: str, told: str
) -> None:
    phone = signed_in(cut.world.tenant)
    step = phone.get(f"/instances/{cut.now().uid}/steps/take", Accept_Language=language)
    assert step.json["help"] == told
    assert "${{" not in step.text
