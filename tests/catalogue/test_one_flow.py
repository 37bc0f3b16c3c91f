"""A command about one flow reads that flow and those that it starts, as they are when everything is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.catalogue import loader

CHILD = "flow: child\nschema: 1\ntitle: Child\nstart: {staff: true}\nsteps:\n  one: {title: One, actor: staff}\n"
PARENT = """\
flow: parent
schema: 1
title: Parent
start: {staff: true}
steps:
  one: {title: One, actor: staff}
effects:
  created:
    - start: {flow: child}
"""


@pytest.mark.requirement("D2", "X31")
def test_the_flow_and_those_that_it_starts_are_read_and_no_others(tmp_path: Path) -> None:
    for name, text in (("parent", PARENT), ("child", CHILD), ("other", CHILD.replace("child", "other"))):
        (tmp_path / f"{name}.flow.yaml").write_text(text)
    everything, one = loader.load([tmp_path]), loader.load([tmp_path], only="parent")
    assert [problem.text() for broken in one.broken for problem in broken.problems] == []
    assert {*one.flows} == {"parent", "child"}
    assert all(everything.flows[name] == flow for name, flow in one.flows.items())
    assert {*loader.load([tmp_path], only="child").flows} == {"child"}
    assert {*loader.load([tmp_path], only="nobody").flows} == set()


@pytest.mark.requirement("D2")
def test_a_broken_flow_is_not_served_alone_either(tmp_path: Path) -> None:
    (tmp_path / "parent.flow.yaml").write_text(PARENT.replace("title: Parent", "titel: Parent"))
    found = loader.load([tmp_path], only="parent")
    assert not found.flows
    assert [broken.flow for broken in found.broken] == ["parent"]
