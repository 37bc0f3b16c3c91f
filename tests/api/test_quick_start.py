"""docs/api.md is true: every command on it is run, in order, in one shell, against the demo (D5)."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image

from flows.settings import Settings
from portal.api.door import BASE, OPERATIONS
from tests.browser_tools import serving
from worker.demo import seed

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
STRICT = 'set -euo pipefail\ncurl() { command curl --fail-with-body "$@"; echo; }\n'
"""A refusal stops the shell, where a person would read it; each answer stands on a line of its own."""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, mode="demo", provision_url="", webhook_hosts="")


@pytest.mark.requirement("D5")
@pytest.mark.parametrize("database", ["sqlite"])
def test_every_command_of_the_page(app: Flask, tmp_path: Path) -> None:
    assert seed(app)
    Image.new("RGB", (40, 30), "teal").save(tmp_path / "ceiling.jpg")
    blocks = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    with serving(app) as address:
        script = STRICT + "\n".join(blocks).replace("http://127.0.0.1:8000", address)
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        ran = subprocess.run(
            ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
        )
    assert ran.returncode == 0, f"{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}"
    assert "awaiting_details" in ran.stdout
    assert '"Done, sent."' in ran.stdout


@pytest.mark.requirement("D5")
def test_every_address_on_the_page_is_one_of_ours() -> None:
    """What it says in its text, besides the commands."""
    known = {op.path for op in OPERATIONS}
    patterns = [re.compile(re.sub(r"<\w+>", "[^/]+", path)) for path in known]
    named = re.findall(r"`(?:GET|POST|PUT|PATCH|DELETE) (/[^\s`?]*)", PAGE.read_text(encoding="utf-8"))
    assert len(named) > 20
    for address in named:
        path = address.removeprefix(BASE).rstrip(",")
        assert any(pattern.fullmatch(path) for pattern in patterns), address
