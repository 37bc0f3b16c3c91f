"""Somebody who has installed Baton, and a plugin whose lookup the pages use, and reads its pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.installed import PLUGIN, Installed, baton_wheel, install, wheel_of

__all__ = ["baton_wheel"]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, baton_wheel: Path) -> Installed:
    home = tmp_path_factory.mktemp("reader")
    return install(home, [baton_wheel, wheel_of(PLUGIN, home / "wheels")])
