"""Flows on a stage: the registry of the shipped ones and of those of these tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flows import catalogue
from flows.catalogue.registry import Registry

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def registry() -> Registry:
    return catalogue.load([HERE / "flows"])


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Registry]:
    """`written(text)`: the registry with one more flow, made of this text."""

    def write(text: str, name: str = "made") -> Registry:
        (tmp_path / f"{name}.flow.yaml").write_text(text)
        found = catalogue.load([tmp_path])
        assert not found.broken, found.broken[0].problems[0].text()
        return found

    return write
