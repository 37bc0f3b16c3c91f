"""The page about changing flows tells the truth: its versions are loaded, its commands are run one after another."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.changing.conftest import Changing
from tests.changing.test_commands import Run, run
from tests.docs.pages import texts_of

__all__ = ["run"]
PAGE = (Path(__file__).parents[2] / "docs" / "changing-flows.md").read_text()
RUN = re.compile(r"mig_\w+")


@pytest.mark.requirement("X12", "X13")
def test_the_story_of_the_page(change: Changing, run: Run) -> None:
    before, after = texts_of(PAGE, "yaml")
    change.write(text=before, name="leak")
    change.start("leak", inputs={})
    change.submit("report", {"what": "The boiler"})
    change.start("leak", inputs={})
    (change.folder / "leak.flow.yaml").write_text(after)
    change.load()
    last = ""
    for command, told in zip(texts_of(PAGE, "sh"), texts_of(PAGE, ""), strict=True):
        words = [last if word == "RUN" else word for word in shlex.split(command)[2:]]
        ran = run(*words)
        last = (RUN.findall(ran.output) or [last])[-1]
        assert RUN.sub("RUN", ran.output) == RUN.sub("RUN", told)
    change.check()


@pytest.mark.requirement("X13")
def test_the_page_names_every_option(run: Run) -> None:
    options = {*re.findall(r"--[a-z]+", run("migrate", "--help").output)} - {"--help"}
    assert {one for one in options if one not in PAGE} == set()
