"""The flow that its author works on: read from its file with what lint says, and read again when it was saved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from flows import catalogue
from flows.authoring import beside
from flows.catalogue.lint import lint
from flows.catalogue.loader import SUFFIX, plugin_of_folder
from flows.catalogue.problems import FlowProblem, called, cure_among
from flows.catalogue.reader import read_flow
from flows.catalogue.registry import LoadedFlow, Registry
from flows.catalogue.watching import Stamp, stamp_of
from worker.trouble import Trouble


@dataclass(frozen=True)
class Reading:
    """What the file says now. Without `loaded` it is broken, and `problems` say where."""

    registry: Registry
    loaded: LoadedFlow | None
    problems: tuple[FlowProblem, ...]
    file: str


class Source:
    """One flow file, and what lies around it. Trouble when there is no such file or flow."""

    def __init__(self, named: str, folders: list[Path]) -> None:
        self._folders = folders
        self.path = _file_named(named, catalogue.load(folders))

    def stamp(self) -> Stamp:
        """What its folder looks like; another stamp means that something was saved."""
        return stamp_of([self.path.parent])

    def read(self) -> Reading:
        """The flow beside everything that is installed; its own folder comes first."""
        try:
            raw, plugin = self.path.read_bytes(), plugin_of_folder(self.path.parent)
        except OSError as wrong:
            unread = FlowProblem("F901", "error", f"a file of it cannot be read ({wrong})", str(self.path))
            return Reading(Registry(), None, (unread,), str(self.path))
        reading = read_flow(raw, str(self.path))
        name = reading.definition.flow if reading.definition is not None else ""
        known = catalogue.load(self._folders).seen_from(plugin, name)
        definition, problems = reading.definition, tuple(reading.problems)
        if definition is not None:
            problems += tuple(lint(definition, known, reading.source))
        if definition is None or any(one.severity == "error" for one in problems):
            return Reading(known, None, problems, str(self.path))
        digest = sha256(raw).hexdigest()
        loaded = LoadedFlow(definition, raw.decode(), digest, plugin.name, str(self.path), problems)
        served = replace(known, flows={**known.flows, definition.flow: loaded})
        return Reading(served, loaded, problems, str(self.path))


def _file_named(named: str, known: Registry) -> Path:
    """A flow file, the only one of a folder and those in it, or the file of an installed flow."""
    try:
        found = beside.flow_files(Path(named))
    except OSError as wrong:
        raise Trouble(f"{called(named)} cannot be read ({wrong.strerror}); name a flow, or a file of yours") from None
    if len(found) == 1:
        return found[0].resolve()
    if found:
        raise Trouble(f"{named} has {len(found)} flows; name one: {', '.join(map(str, found))}")
    if named in known.flows:
        return Path(str(known.homes[named].root / known.flows[named].path.rpartition("/")[2]))
    cure = cure_among(named, known.flows, "there are")
    raise Trouble(f"{called(named)} is neither a flow nor a file ending in {SUFFIX}" + (f"; {cure}" if cure else ""))
