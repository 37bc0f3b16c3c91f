"""Flows on a stage: the registry of the shipped ones and of those of these tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from werkzeug.serving import BaseWSGIServer

from flows import catalogue
from flows.catalogue.registry import Registry

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def registry() -> Registry:
    return catalogue.load([HERE / "flows"])


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Registry]:
    """`written(text)`: the registry with one more flow, `seeded`, made of this text, and a mail `seeded/done`."""

    def write(text: str) -> Registry:
        (tmp_path / "seeded.flow.yaml").write_text(text)
        (tmp_path / "mail" / "seeded").mkdir(parents=True, exist_ok=True)
        (tmp_path / "mail" / "seeded" / "done.en.md").write_text("Subject: Done\n\nIt is done.\n")
        found = catalogue.load([tmp_path])
        assert not found.broken, found.broken[0].problems[0].text()
        return found

    return write


def interrupted(_server: BaseWSGIServer) -> None:
    """In the place of `serve_forever`: somebody presses Ctrl+C at once."""
    raise KeyboardInterrupt
