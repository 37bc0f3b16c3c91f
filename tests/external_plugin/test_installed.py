"""A plugin of somebody else, built as a wheel and installed beside Baton: every command of an author knows it (D2)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.installed import PLUGIN, ROOT, Installed


@pytest.mark.requirement("D2")
def test_it_is_found_through_its_entry_point_and_nothing_is_of_this_tree(installed: Installed) -> None:
    probe = "import flows, baton_gas_safety as one; print(flows.__file__, one.__file__)"
    places = installed.run("python", "-c", probe).stdout.split()
    assert len(places) == 2
    assert all(place.startswith(str(installed.home)) and not place.startswith(str(ROOT)) for place in places)
    [row] = [line for line in installed.baton("flows", "list").splitlines() if line.startswith("gas-safety-visit")]
    assert row.split()[-2:] == ["gas_safety", "ok"]
    assert "staff, gas_safety.due" in row


@pytest.mark.requirement("D2", "X31", "X32", "X35")
def test_its_author_has_every_command(installed: Installed) -> None:
    assert installed.baton("flows", "lint", "--strict") == "ok\n"
    told = installed.baton("flows", "simulate", "gas-safety-visit", "--at", "2026-03-02T10:00")
    assert "mail gas-safety/reminder" in told
    assert "4 of 4 cases came out as told" in installed.baton("flows", "test", "gas-safety-visit")
    assert "Choose a visit" in installed.baton("flows", "diagram", "gas-safety-visit")


@pytest.mark.requirement("X32")
def test_its_own_pytest_plays_its_stories(installed: Installed, tmp_path: Path) -> None:
    package = shutil.copytree(PLUGIN, tmp_path / "package")
    ran = installed.run("pytest", "--flows", "-q", cwd=package)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "passed" in ran.stdout
    story = package / "baton_gas_safety" / "scenarios" / "gas-safety-visit.yaml"
    story.write_text(story.read_text().replace("outcome: safe,", "outcome: no_access,", 1))
    ran = installed.run("pytest", "--flows", "-q", cwd=package)
    assert ran.returncode == 1
    assert "outcome is safe, not no_access" in ran.stdout
