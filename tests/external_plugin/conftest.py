"""The plugin's own files are no tests of ours: they are run by the pytest of whoever has installed it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.installed import PLUGIN, Installed, baton_wheel, install, wheel_of

__all__ = ["baton_wheel"]

collect_ignore = ["package"]


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, baton_wheel: Path) -> Installed:
    """Baton and the plugin beside it; the diary of the engineers is a folder."""
    home = tmp_path_factory.mktemp("somebody")
    made = install(home, [baton_wheel, wheel_of(PLUGIN, home / "wheels")])
    (home / "diary").mkdir()
    made.more["GAS_SAFETY_DIARY"] = str(home / "diary")
    return made
