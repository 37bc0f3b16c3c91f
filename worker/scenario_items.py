"""Scenario files as tests of pytest: each file a collector, each story an item."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from flows import catalogue
from flows.authoring.beside import flow_files, registry_with
from flows.authoring.play import telling
from flows.authoring.play.scenario import Story, read_scenarios
from flows.catalogue.registry import Registry
from flows.settings import Settings


class ScenarioFile(pytest.File):
    """One file of stories."""

    def collect(self) -> Iterator[pytest.Item]:
        stories, problems = read_scenarios(self.path.read_bytes(), str(self.path))
        if problems:
            raise self.CollectError("\n".join(problem.text() for problem in problems))
        for story in stories:
            yield ScenarioItem.from_parent(self, name=story.name, story=story)


class ScenarioItem(pytest.Item):
    """One story."""

    def __init__(self, *, story: Story, **more: object) -> None:
        super().__init__(**more)  # type: ignore[arg-type]  # what pytest's own factory gives
        self.story = story

    def runtest(self) -> None:
        told = telling.tell(_registry(self.path.parent.parent), self.story)
        if told.failures:
            raise CameOutOtherwise("\n".join([*map(str, told.failures), *told.diary.lines(self.story.zone)]))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], _style: object = None) -> str:
        return str(excinfo.value) if isinstance(excinfo.value, CameOutOtherwise) else str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.story.line - 1, f"{self.story.flow}: {self.name}"


class CameOutOtherwise(Exception):
    """A story did not come out as it was told; its text names the lines."""


@cache
def _registry(beside: Path) -> Registry:
    """Everything installed, and the flows beside the scenarios where they are not installed."""
    folders = Settings.from_env().folders_of_flows
    return registry_with(catalogue.load(folders), folders, flow_files(beside))
