"""The page about the past tells the truth: its commands are run, and say what stands there (X10, X32)."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from flows import access
from flows.actions import beginning, submitting
from flows.actions.beginning import Wish
from flows.clock import clock
from flows.settings import Settings
from flows.work import end_reading, unit_of_work
from tests.conftest import MONDAY
from tests.world import World
from worker.commands.flows import flows

PAGE = (Path(__file__).parents[2] / "docs" / "why.md").read_text()


@pytest.mark.requirement("X2", "X10", "X32")
@pytest.mark.parametrize("database", ["sqlite"])
def test_the_commands_of_the_page_say_what_stands_there(
    world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _live(world)
    monkeypatch.setattr(Settings, "from_env", lambda *_args, **_more: replace(settings))
    monkeypatch.chdir(tmp_path)
    for command, said in re.findall(r"```sh\nbaton flows ([^\n]*)\n```(?:\n```\n(.*?)```)?", PAGE, re.DOTALL):
        with clock.standing(MONDAY + timedelta(days=2)):
            ran = CliRunner().invoke(flows, shlex.split(command))
        assert ran.exit_code == 0, ran.output
        assert not said or ran.output == said
    played = CliRunner().invoke(flows, ["test", "ti-2001.yaml"])
    assert played.exit_code == 0, played.output


def _live(world: World) -> None:
    with clock.standing(MONDAY):
        with unit_of_work(world.admin) as work:
            wish = Wish(inputs={"rent": 90_000}, amounts={"deposit": 45_000})
            reference = beginning.start_by_staff(work, "tenant-onboarding", "usr_priya", wish).uid
        clock.set(MONDAY + timedelta(days=1))
        with unit_of_work(world.tenant) as work:
            instance = access.instance_to_change(work, reference)
            given = {"people": 2, "income": 300_000, "has_pets": False}
            submitting.submit(work, instance, access.step_of(instance, "household"), given)
    end_reading()
