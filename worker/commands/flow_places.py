"""Which flow somebody means: one of their own, by its file or folder, or else one that is loaded, by its name.

A folder of flows that stands here is meant before a loaded flow of the same name: it is what its author edits.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from flows.settings import Settings
from worker.trouble import Trouble

if TYPE_CHECKING:
    from flows.catalogue.registry import Registry


def the_flow(named: str) -> tuple[Registry, str]:
    """A registry with the one flow that is meant, and its name. Raises Trouble for none or several."""
    from flows import catalogue

    if not _stands_here(named):
        registry = catalogue.load(Settings.from_env().folders_of_flows, only=named)
        if named in registry.flows:
            return registry, named
    registry, names = flows_named([named])
    if len(names) > 1:
        raise Trouble(f"There are {len(names)} flows in {named}: {', '.join(names)}; name the file of one")
    refuse_unknown(registry, names)
    return registry, names[0]


def refuse_unknown(registry: Registry, names: Sequence[str]) -> None:
    """Raises Trouble, with a cure, for the first name that no loaded flow has."""
    from flows.catalogue.problems import called, cure_among

    for name in names:
        if name not in registry.flows:
            cure = cure_among(name, registry.flows, "there are")
            raise Trouble(f"No flow is called {called(name)}" + (f"; {cure}" if cure else ""))


def flows_named(given: Sequence[str]) -> tuple[Registry, list[str]]:
    """The same for several: files and folders of flows by the names of the flows, all else as it was given."""
    from flows import catalogue
    from flows.authoring import beside
    from flows.catalogue.problems import called

    folders = Settings.from_env().folders_of_flows
    registry = catalogue.load(folders)
    try:
        found = {name: beside.flow_files(Path(name)) for name in given}
        registry = beside.registry_with(registry, folders, [path for paths in found.values() for path in paths])
        return registry, [one for name in given for one in _names(registry, name, found.get(name, []))]
    except beside.NotServed as wrong:
        raise Trouble(str(wrong)) from None
    except OSError as wrong:
        file = called(wrong.filename)
        raise Trouble(f"{file} cannot be read ({wrong.strerror}); name a flow, or a file of yours") from None


def _stands_here(named: str) -> bool:
    from flows.authoring.beside import flow_files

    try:
        return bool(flow_files(Path(named)))
    except OSError:
        return False  # told where it is read


def _names(registry: Registry, given: str, paths: Sequence[Path]) -> list[str]:
    """A scenario file stays itself: its flows only had to be loaded."""
    from flows.authoring import beside

    names = beside.names_of(registry, paths)
    is_scenario = Path(given).is_file() and Path(given) not in paths
    return [given] if is_scenario or not names else names
