"""`pytest --flows`: scenario files beside flows are collected as tests, also in a package of one's own (X32).

Every pytest that runs beside an installed Baton imports this, so it imports nothing itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

FOLDER = "scenarios"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--flows", action="store_true", help="collect the scenarios of Baton flows (scenarios/*.yaml)")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    wanted = file_path.suffix == ".yaml" and file_path.parent.name == FOLDER
    if not wanted or not parent.config.getoption("--flows"):
        return None
    from worker.scenario_items import ScenarioFile

    return ScenarioFile.from_parent(parent, path=file_path)
