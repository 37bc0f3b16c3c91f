"""Flows that tests serve beside those of the product, read once a process: their files do not change meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from flows import catalogue
from flows.catalogue.loader import load_packages
from flows.catalogue.registry import Registry


def serve(packages: Iterable[tuple[str, str]], *folders: Path) -> None:
    """Serve these plugins and folders of flows, all of them sound."""
    catalogue.use(_read(tuple(packages), folders))
    assert catalogue.current().broken == []


@cache
def _read(packages: tuple[tuple[str, str], ...], folders: tuple[Path, ...]) -> Registry:
    return load_packages(packages, folders)
