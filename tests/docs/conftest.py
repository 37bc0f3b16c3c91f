"""Somebody who has installed Baton, and a plugin whose lookup the pages use, and reads its pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.installed import PLUGIN, Installed, baton_wheel, install, wheel_of

__all__ = ["baton_wheel"]


@pytest.fixture
def installed(tmp_path: Path, baton_wheel: Path) -> Installed:
    """For each page its own, because pages install what they write."""
    home = tmp_path / "home"
    return install(home, [baton_wheel, wheel_of(PLUGIN, tmp_path / "wheels")])
