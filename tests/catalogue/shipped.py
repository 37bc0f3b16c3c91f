"""The plugins that ship, loaded as an installed product loads them, and a way to lint a changed text of one of them."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

from flows.catalogue.lint import lint
from flows.catalogue.loader import load_packages
from flows.catalogue.problems import FlowProblem
from flows.catalogue.reader import read_flow
from flows.catalogue.registry import Registry

ROOT = Path(__file__).parents[2]
PLUGINS = ROOT / "flows" / "plugins"
FILES = {
    "coro-order-fulfilment": PLUGINS / "coro" / "coro-order-fulfilment.flow.yaml",
    "department-request": PLUGINS / "department_request" / "department-request.flow.yaml",
    "tenant-onboarding": PLUGINS / "tenant_onboarding" / "tenant-onboarding.flow.yaml",
}


def entry_points() -> dict[str, str]:
    """Our own plugins as pyproject.toml declares them, whether or not the product is installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return dict(project["entry-points"]["baton.plugins"])


@lru_cache(maxsize=1)
def shipped() -> Registry:
    return load_packages(entry_points().items())


def written(flow: str) -> str:
    return FILES[flow].read_text(encoding="utf-8")


def problems_of(text: str | bytes, flow: str = "coro-order-fulfilment") -> list[FlowProblem]:
    """Everything that reading and lint say about a text under the name of a shipped flow."""
    reading = read_flow(text, f"{flow}.flow.yaml")
    if reading.definition is None:
        return reading.problems
    return lint(reading.definition, shipped(), reading.source)
