"""A new flow to begin with: a starter's files, renamed. A starter is itself a flow, called `my-flow`."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from flows.catalogue.loader import SUFFIX
from flows.catalogue.reader import read_flow
from flows.catalogue.source import read_source
from flows.catalogue.translation import LOCALES, TRANSLATED_FROM, dotted, mark_of, said_in, words_of

Kind = Literal["guided", "order", "case"]
KINDS: tuple[Kind, ...] = ("guided", "order", "case")
PACKAGE = "package"
ONLY_WITH_PYTHON = "#python "
"""Lines that begin so call the action of the package; a plain folder has no Python, and goes without them."""
_SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 48


class Unsuitable(ValueError):
    """The name cannot be that of a flow; the text names the cure."""


def module_of(name: str) -> str:
    """The Python package of a flow: `gas-safety` is `gas_safety`."""
    return name.replace("-", "_")


def check_name(name: str, *, as_package: bool) -> None:
    """Raises Unsuitable unless a flow, and with `as_package` a Python package, may be called so."""
    if not _SLUG.fullmatch(name) or len(name) > _LONGEST:
        meant = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-0123456789")[:_LONGEST].rstrip("-")
        cure = f"try {meant}" if _SLUG.fullmatch(meant) else "such as window-repair"
        raise Unsuitable(
            f"{name!r} is no name for a flow: small letters, digits and single hyphens, at most {_LONGEST}; {cure}"
        )
    module = module_of(name)
    if as_package and (keyword.iskeyword(module) or module in sys.stdlib_module_names or find_spec(module)):
        raise Unsuitable(f"Python knows a package {module} already; try {name}-flow")


def starter(name: str, kind: Kind, *, as_package: bool) -> dict[Path, str]:
    """The files of a new flow by their place, all of them text."""
    root = files("flows.authoring") / "starters"
    inside = Path(module_of(name)) if as_package else Path()
    found = {inside / path: text for path, text in _texts(root / kind, Path())}
    if as_package:
        found |= dict(_texts(root / PACKAGE, Path()))
    renamed = {
        Path(_renamed(str(path), name).removesuffix(".txt")): _renamed(_with_or_without(text, as_package), name)
        for path, text in found.items()
    }
    return dict(sorted((path, _with_marks(path, text, renamed)) for path, text in renamed.items()))


def _with_marks(path: Path, text: str, files: Mapping[Path, str]) -> str:
    """A locale with marks of the words that it was translated from, so that a changed one is seen."""
    if path.parent.name != LOCALES:
        return text
    flow = path.name.split(".")[0]
    home = path.parent.parent / f"{flow}{SUFFIX}"
    definition, (values, _) = read_flow(files[home], str(home)).definition, read_source(text, str(path))
    if definition is None:
        return text
    said, words = said_in(values), words_of(definition)
    marks = [f"  {dotted(place)}: '{mark_of(words[place])}'" for place in words if place in said]
    return "\n".join([text.rstrip("\n"), f"{TRANSLATED_FROM}:", *marks, ""])


def _texts(folder: Traversable, below: Path) -> Iterator[tuple[Path, str]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _texts(entry, below / entry.name)
        else:
            yield below / entry.name, entry.read_text(encoding="utf-8")


def _with_or_without(text: str, python: bool) -> str:
    lines = text.splitlines(keepends=True)
    kept = (line for line in lines if python or not line.startswith(ONLY_WITH_PYTHON))
    return "".join(line.removeprefix(ONLY_WITH_PYTHON) for line in kept)


def _renamed(text: str, name: str) -> str:
    module = module_of(name)
    words: Mapping[str, str] = {
        "my-flow": name,
        "my_flow": module,
        "MY_FLOW": module.upper(),
        "My flow": name.replace("-", " ").capitalize(),
        "Fy llif": name.replace("-", " ").capitalize(),  # the title, until somebody says it in Welsh
    }
    return re.sub("|".join(words), lambda found: words[found[0]], text)
