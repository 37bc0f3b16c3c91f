"""Files of flows that are saved while the product runs: in development they are served at once (D2)."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

import wsgi
from flows import catalogue
from flows.catalogue import watching
from flows.catalogue.loader import load
from flows.settings import Settings

SMALL = """flow: small
schema: 1
title: Small
start: {staff: true}
steps:
  one: {title: One, actor: staff}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of flows that is followed, with no second to wait between two looks."""
    monkeypatch.setattr(watching, "LEAST_SECONDS", 0.0)
    (tmp_path / "small.flow.yaml").write_text(SMALL)
    catalogue.follow(lambda: load([tmp_path], entry_points=False), [tmp_path])
    return tmp_path


def save(folder: Path, before: str, after: str) -> None:
    file = folder / "small.flow.yaml"
    file.write_text(file.read_text().replace(before, after))


@pytest.mark.requirement("D2")
def test_what_is_saved_is_served_and_said_in_the_log(folder: Path) -> None:
    first = catalogue.current()
    assert catalogue.current() is first
    with capture_logs() as log:
        save(folder, "title: Small", "title: Smaller")
        assert catalogue.current().flows["small"].definition.title == "Smaller"
    [line] = log
    assert (line["event"], line["flow"], line["file"]) == (
        "flow_reloaded", "small", f"{folder.name}/small.flow.yaml"
    )  # fmt: skip


@pytest.mark.requirement("D2")
def test_what_breaks_is_said_with_its_place_and_comes_back(folder: Path) -> None:
    with capture_logs() as log:
        save(folder, "actor: staff", "actor: stuff")
        [broken] = catalogue.current().broken
        assert (broken.flow, broken.title) == ("small", "Small")
        save(folder, "actor: stuff", "actor: staff")
        assert catalogue.current().broken == []
        assert "small" in catalogue.current().flows
    assert [line["event"] for line in log] == ["flow_not_loaded", "flow_no_longer_served", "flow_reloaded"]
    assert log[0]["place"].endswith("small.flow.yaml:6:28")


def test_new_and_lost_files_are_noticed(folder: Path) -> None:
    (folder / "other.flow.yaml").write_text(SMALL.replace("flow: small", "flow: other"))
    assert set(catalogue.current().flows) == {"small", "other"}
    (folder / "small.flow.yaml").unlink()
    assert set(catalogue.current().flows) == {"other"}


def test_one_look_a_second_at_most(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    monkeypatch.setattr(watching, "stamp_of", lambda _folders: looks.append(1) or ())
    monkeypatch.setattr(watching, "LEAST_SECONDS", 3600.0)
    for _ in range(100):
        catalogue.current()
    assert looks == []


@pytest.mark.parametrize(("mode", "follows"), [("development", True), ("demo", True), ("test", False)])
def test_only_development_follows_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, follows: bool
) -> None:
    monkeypatch.setattr(watching, "LEAST_SECONDS", 0.0)
    flows_folder = tmp_path / "flows"
    flows_folder.mkdir()
    (flows_folder / "small.flow.yaml").write_text(SMALL)
    monkeypatch.setattr(catalogue, "load", load)
    wsgi.begin_process(Settings.from_env({}, mode=mode, data=str(tmp_path / "data"), flow_folders=str(flows_folder)))
    save(flows_folder, "title: Small", "title: Smaller")
    assert catalogue.current().flows["small"].definition.title == ("Smaller" if follows else "Small")
