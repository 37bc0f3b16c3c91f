"""Flows that are not installed yet: what lies at a path, beside everything that is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flows.catalogue.loader import SUFFIX, load
from flows.catalogue.problems import FlowProblem
from flows.catalogue.registry import Registry

SCENARIOS = "scenarios"


class NotServed(ValueError):
    """A flow at a path has mistakes; the text shows them where they stand."""


def flow_files(path: Path) -> list[Path]:
    """The flow files that a path means: itself, those of a folder or one below it, those beside a scenario file."""
    if path.is_dir():
        return sorted([*path.glob(f"*{SUFFIX}"), *path.glob(f"*/*{SUFFIX}")])
    if path.is_file() and path.parent.name == SCENARIOS:
        return sorted(path.parent.parent.glob(f"*{SUFFIX}"))
    return [path] if path.is_file() and path.name.endswith(SUFFIX) else []


def registry_with(registry: Registry, folders: Sequence[Path], paths: Sequence[Path]) -> Registry:
    """Everything in `folders` and installed, and before it the flows of these files, where they are not loaded already.

    A flow that is installed too is the one that stands here: it is what its author edits.
    """
    homes = dict.fromkeys(path.resolve().parent for path in paths if not _is_loaded(registry, path))
    return load(folders, first=[*homes]) if homes else registry


def names_of(registry: Registry, paths: Sequence[Path]) -> list[str]:
    """The names under which the flows of these files are loaded. Raises NotServed for those that are not."""
    by_text = {flow.text.encode(): name for name, flow in registry.flows.items()}
    if lost := [path for path in paths if path.read_bytes() not in by_text]:
        wrong = [problem.text() for path in lost for problem in _problems(registry, path)]
        raise NotServed("\n".join([f"{', '.join(map(str, lost))} is not loaded", *wrong]))
    return [by_text[path.read_bytes()] for path in paths]


def _is_loaded(registry: Registry, path: Path) -> bool:
    raw = path.read_bytes()  # first: a path in a circle is told here
    home = path.resolve().parent
    names = [name for name, flow in registry.flows.items() if flow.text.encode() == raw]
    return any(Path(str(registry.homes[name].root)).resolve() == home for name in names)


def _problems(registry: Registry, path: Path) -> list[FlowProblem]:
    place = f"{path.resolve().parent.name}/{path.name}"  # as the loader calls it
    return next(([*broken.problems] for broken in registry.broken if broken.file == place), [])
