"""Lint holds flows to what others promise: events, actions, mails, answers with options, links and dialogs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from flows.catalogue.lint import EXPLANATIONS, lint
from flows.catalogue.loader import plugin_of_folder
from flows.catalogue.problems import FlowProblem
from flows.catalogue.reader import read_flow
from flows.catalogue.registry import ActionSpec, LookupSpec, Registry
from flows.plugin import Context, LookupContext, Option

FLOW = """\
flow: leak
schema: 1
title: A leak
start:
  staff: true
  event: leak.seen
  once_per: "${{ leak.id }}"
  if: 'START'
  inputs: {leak: {type: object, label: Leak}}
links: {home: {label: Home, lookup: homes.all, by: staff}}
states:
  New: {is: todo, start: true}
  Done: {is: done}
actions:
  finish:
    label: Finish
    from: New
    to: Done
    by: staff
    if: 'WHEN'
    fields:
      note: {type: text, label: Note}
      urgent: {type: boolean, label: Urgent}
      hours: {type: integer, label: Hours}
      parts: {type: choices, label: Parts, options: {tap: A tap, pipe: A pipe}}
    do: [DO]
effects:
  created: [CREATED]
"""
START, WHEN, NOTICE = 'leak.where.room == "bath"', 'leak.kind == "water"', "{notice: A leak}"
BOOK = "{call: homes.book, with: {home: h1, hours: 2}}"
MAIL = "Subject: A leak in ${{ leak.where.room }}\n\nHello ${{ customer.first_name }},\n"


@dataclass
class Where:
    room: str
    floor: int


@dataclass
class Leak:
    id: str
    kind: str
    where: Where
    seen_by: list[Where]


@dataclass
class LeakSeen:
    leak: Leak


def book(_ctx: Context, home: str, hours: int, urgent: bool = False, note: str | None = None) -> None:
    raise NotImplementedError


def homes(_ctx: LookupContext, _words: str) -> list[Option]:
    raise NotImplementedError


def problems(folder: Path, mail: str = MAIL, **holes: str) -> list[FlowProblem]:
    """What lint says of the flow with these holes filled, and of a mail beside it."""
    return lint_of(folder, FLOW, mail, **holes)


def lint_of(folder: Path, flow: str, mail: str = MAIL, **holes: str) -> list[FlowProblem]:
    filled = {"START": START, "WHEN": WHEN, "DO": BOOK, "CREATED": NOTICE} | holes
    text = re.sub("|".join(filled), lambda found: filled[found[0]], flow)
    (folder / "mail").mkdir()
    (folder / "mail" / "seen.en.md").write_text(mail)
    brought = plugin_of_folder(folder)
    brought.actions["homes.book"] = ActionSpec.of("homes.book", book)
    brought.lookups["homes.all"] = LookupSpec("homes.all", homes)
    brought.events["leak.seen"] = LeakSeen
    registry = Registry(plugins=[brought])
    reading = read_flow(text, "leak.flow.yaml")
    assert reading.definition is not None, reading.problems
    return lint(reading.definition, registry, reading.source)


@pytest.mark.requirement("X35")
def test_a_flow_that_keeps_every_promise_is_right(tmp_path: Path) -> None:
    created = '{email: seen}, {if: \'links.home.label == "x" || "bath" in leak.seen_by.map(s, s.room)\', notice: A}'
    asked = (
        "{call: homes.book, with: {home: '${{ ask.note }}', hours: '${{ ask.hours }}', urgent: '${{ ask.urgent }}'}}"
    )
    asked += ", {if: '\"tap\" in ask.parts && ask.hours + 1 > 2', notice: '${{ ask.hours }} hours'}"
    assert problems(tmp_path, CREATED=created, DO=asked) == []


@pytest.mark.requirement("X35")
@pytest.mark.parametrize(
    ("place", "wrong", "code", "blamed", "cure"),
    [
        ("START", 'leak.where.rom == "bath"', "F232", "rom", "did you mean 'room'?"),
        ("START", "leak.where.floor == \"one\"", "F234", '"one"', "compare it with a number"),
        ("START", "leak.seen_by[0].flor > 1", "F232", "flor", "did you mean 'floor'?"),
        ("WHEN", 'leak.where["rom"] == "bath"', "F232", '"rom"', "did you mean 'room'?"),
        ("WHEN", "leak.kind > 3", "F234", "3", "compare it with text"),
        ("WHEN", "!(links.home.lable == \"x\")", "F232", "lable", "did you mean 'label'?"),
        ("WHEN", "links.hom.id == \"x\"", "F232", "hom", "did you mean 'home'?"),
        ("DO", "{if: '\"tab\" in ask.parts', notice: A}", "F233", "'\"tab", "did you mean 'tap'?"),
        ("DO", "{if: 'ask.parts.exists(p, p == \"pip\")', notice: A}", "F233", '"pip"', "did you mean 'pipe'?"),
        ("DO", "{if: 'ask.parts[0] == \"pip\"', notice: A}", "F233", '"pip"', "did you mean 'pipe'?"),
        ("DO", "{if: 'ask.urgent == \"yes\"', notice: A}", "F234", '"yes"', "compare it with true or false"),
        ("DO", "{webhook: {url: https://a.eu, body: {a: '${{ ask.not }}'}}}", "F232", "not ", "did you mean 'note'?"),
        ("DO", "{notice: {text: Hello, link: '${{ ask.noet }}'}}", "F232", "noet", "did you mean 'note'?"),
        ("DO", "{assign: {user: '${{ creator.idd }}'}}", "F232", "idd", "did you mean 'id'?"),
        ("DO", "{call: homes.book, with: {home: h1, hours: 2, noet: x}}", "F403", "noet", "did you mean 'note'?"),
        ("DO", "{call: homes.book, with: {home: h1}}", "F404", "call: homes", ""),
        ("DO", "{call: homes.book, with: {home: h1, hours: two}}", "F406", "two", "give a number"),
        ("DO", "{call: homes.book, with: {home: h1, hours: '${{ ask.note }}'}}", "F406", "'${{", "give a number"),
        ("DO", "{call: homes.book, with: {home: h1, hours: '2 ${{ ask.hours }}'}}", "F406", "'2 $", "give a number"),
        ("DO", "{call: homes.book, with: {home: h1, hours: 2, urgent: soon}}", "F406", "soon", "give true or false"),
        ("DO", "{call: homes.book, with: {home: 7, hours: 2}}", "F406", "7", "put it in quotes"),
        ("DO", "{call: homes.book, with: {home: h1, hours: 2, note: 7}}", "F406", "7", "put it in quotes"),
        ("CREATED", "{notice: '${{ ask.note }}'}", "F232", "ask", ""),
    ],
)  # fmt: skip
def test_a_broken_promise_is_said_at_its_place(
    tmp_path: Path, place: str, wrong: str, code: str, blamed: str, cure: str
) -> None:
    (found,) = problems(tmp_path, **{place: wrong})
    assert (found.code, found.code in EXPLANATIONS) == (code, True), found
    assert found.source_line[found.column - 1 :].startswith(blamed), found.text()
    assert cure in found.cure


@pytest.mark.requirement("X35")
@pytest.mark.parametrize(
    ("mail", "code", "line", "column", "cure"),
    [
        (MAIL.replace("first_name", "frist_name"), "F232", 3, 20, "did you mean 'first_name'?"),
        (MAIL.replace("where.room", "where.rom"), "F232", 1, 35, "did you mean 'room'?"),
        (MAIL + "\n${{ ask.note }}", "F232", 5, 5, ""),
        (MAIL + "\n${{ leak. }}", "F230", 5, 10, ""),
        (MAIL.removeprefix("Subject: "), "F502", 1, 1, "begin the file with 'Subject: ...'"),
    ],
)
def test_a_slip_in_a_mail_is_said_in_the_file_of_the_mail(
    tmp_path: Path, mail: str, code: str, line: int, column: int, cure: str
) -> None:
    (found,) = problems(tmp_path, mail, CREATED="{email: seen}")
    assert (found.code, found.line, found.column) == (code, line, column)
    assert found.file.endswith("mail/seen.en.md")
    assert cure in found.cure


@pytest.mark.requirement("X35")
def test_what_an_event_of_no_plugin_here_carries_is_not_judged(tmp_path: Path) -> None:
    lift = FLOW.replace("leak.seen", "lifts.stuck")
    found = lint_of(tmp_path, lift, START='lift.floor > 2 && creator.nmae == "x"')
    assert [(one.code, one.severity) for one in found] == [("F402", "warning"), ("F232", "error")]
