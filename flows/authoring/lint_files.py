"""What somebody gives to lint: files and folders as they are, and what cannot be looked at, said in a sentence."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from flows.authoring.around import MAILS, SCENARIOS, check_around
from flows.authoring.beside import flow_files
from flows.catalogue.lint import lint
from flows.catalogue.loader import SUFFIX, plugin_of_folder
from flows.catalogue.problems import NOT_LOOKED_AT, FlowProblem, called, cure_among
from flows.catalogue.reader import Reading, read_flow
from flows.catalogue.registry import Registry
from flows.catalogue.schema import FlowDefinition
from flows.catalogue.source import MAX_BYTES
from flows.catalogue.translation import LOCALES

AROUND = (LOCALES, MAILS, SCENARIOS)
MOST_FOLDERS = 2_000
"""A folder with more below it is not one of flows: looking through a whole disk would take minutes."""


@dataclass
class Looked:
    """What came of it. `early`: of some flow not everything was checked; `unseen`: something could not be looked at."""

    problems: list[FlowProblem] = field(default_factory=list)
    early: bool = False
    unseen: bool = False


class _Unseen(Exception):
    """Nothing can be looked at here, and why."""

    def __init__(self, code: str, message: str, cure: str = "") -> None:
        super().__init__(message)
        self.code, self.message, self.cure = code, message, cure


def look_at(path: Path, registry: Registry, sent: Collection[str]) -> Looked:
    """Lint a flow file, the flows in a folder, a loaded flow by its name, or what lies beside flows: a locale, a mail,
    a scenario file.
    """
    if (loaded := registry.flows.get(str(path))) is not None and not path.is_file() and not flow_files(path):
        return Looked([*loaded.problems])
    looked = Looked()
    try:
        files, part = _flows_meant(path, registry)
        for folder in dict.fromkeys(file.parent for file in files):
            _look_into(folder, [file for file in files if file.parent == folder], registry, sent, looked)
    except _Unseen as wrong:
        looked.problems.append(FlowProblem(wrong.code, "error", wrong.message, called(path), cure=wrong.cure))
    else:
        if part is not None and not looked.early:  # what keeps a flow from being read is told with whatever is asked
            looked.problems = [one for one in looked.problems if Path(one.file).is_relative_to(part)]
    looked.unseen = any(one.code in NOT_LOOKED_AT and one.severity == "error" for one in looked.problems)
    return looked


def look_at_all(registry: Registry, sent: Collection[str]) -> Looked:
    """Everything that is loaded, and what lies around it."""
    looked = Looked([problem for flow in registry.flows.values() for problem in flow.problems])
    looked.problems += [problem for broken in registry.broken for problem in broken.problems]
    unread = [one for one in registry.broken if one.file.endswith(SUFFIX) and one.flow not in registry.known]
    looked.early = bool(unread)
    for plugin in registry.plugins:
        broken = {one.flow for one in unread if one.plugin == plugin.name}
        looked.problems += check_around(plugin, registry, broken, sent)
    return looked


def _flows_meant(path: Path, registry: Registry) -> tuple[list[Path], Path | None]:
    """The flow files to read, and the part of their folder that is asked about, if it is not all of it."""
    mode = _mode_of(path, registry)
    if not S_ISDIR(mode) and not S_ISREG(mode):
        raise _Unseen("F903", "this is neither a file nor a folder")
    if S_ISREG(mode) and path.name.endswith(SUFFIX):
        return [path], None
    found = _below(path) if S_ISDIR(mode) else []
    if found:
        return found, None
    beside, part = _beside(path)
    if beside:
        return beside, part
    if S_ISREG(mode) and path.suffix in (".yaml", ".yml") and path.parent.name not in AROUND:
        return [path], None
    said = "there is no flow here" if S_ISDIR(mode) else "this is no flow, and lies beside none"
    raise _Unseen("F903", said, f"a flow is a file called NAME{SUFFIX}")


def _mode_of(path: Path, registry: Registry) -> int:
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):
        cure = cure_among(called(path), registry.flows) if os.sep not in str(path) else ""
        raise _Unseen("F903", "there is no such file or folder", cure) from None
    except OSError as wrong:
        raise _Unseen("F901", f"this cannot be looked at ({wrong.strerror})") from wrong


def _below(folder: Path) -> list[Path]:
    """Every flow file in a folder and below it; hidden folders are not looked into."""
    found: list[Path] = []
    for number, (place, folders, files) in enumerate(os.walk(folder, onerror=_refuse_first(folder))):
        if number == MOST_FOLDERS:
            raise _Unseen("F903", f"there are more than {MOST_FOLDERS} folders in it", "name the folder of your flows")
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")) and name != "node_modules")
        found += [Path(place, name) for name in files if name.endswith(SUFFIX)]
    return sorted(found)


def _refuse_first(folder: Path) -> Callable[[OSError], None]:
    """A folder that may not be read is told when it is the one that was named; below it, it is passed over."""

    def refuse(wrong: OSError) -> None:
        if str(wrong.filename) == str(folder):
            raise _Unseen("F901", f"this folder cannot be read ({wrong.strerror})") from wrong

    return refuse


def _beside(path: Path) -> tuple[list[Path], Path]:
    """The flows beside a locale, a mail or a scenario file, or a folder of them; and its path, as long as theirs."""
    for given in (path, path.absolute()):
        for above in (given, *given.parents[:3]):
            if above.name in AROUND and (flows := sorted(above.parent.glob(f"*{SUFFIX}"))):
                return flows, given
    return [], path


def _look_into(folder: Path, files: list[Path], registry: Registry, sent: Collection[str], looked: Looked) -> None:
    """The flows of one folder, and what lies around them."""
    readings = [reading for file in files if (reading := _read(file, looked)) is not None]
    looked.problems += [problem for reading in readings for problem in reading.problems]
    looked.early |= any(reading.definition is None for reading in readings)
    try:
        home = plugin_of_folder(folder, name="")
    except OSError as wrong:
        said = f"a mail beside this flow cannot be read ({wrong})"
        looked.problems.append(FlowProblem("F901", "error", said, str(files[0])))
        looked.early = True
        return
    known = {**registry.known, **_known(flow_files(folder)), **_defined(readings)}
    seen = replace(registry.seen_from(home, ""), known=known)
    for reading in readings:
        if reading.definition is not None:
            looked.problems += lint(reading.definition, seen.seen_from(home, reading.definition.flow), reading.source)
    broken = {file.name.removesuffix(SUFFIX) for file in folder.glob(f"*{SUFFIX}")} - known.keys()
    looked.problems += check_around(home, seen, broken, sent)


def _read(file: Path, looked: Looked) -> Reading | None:
    try:
        return _reading_of(file)
    except OSError as wrong:
        said = f"the file cannot be read ({wrong.strerror})"
        looked.problems.append(FlowProblem("F901", "error", said, str(file)))
        return None


def _known(files: Iterable[Path]) -> dict[str, FlowDefinition]:
    """What can be read of these flows: one may start the other, and send its mails."""
    readings = []
    for file in files:
        with suppress(OSError):  # told when the file is asked for itself
            readings.append(_reading_of(file))
    return _defined(readings)


def _defined(readings: Iterable[Reading]) -> dict[str, FlowDefinition]:
    return {reading.definition.flow: reading.definition for reading in readings if reading.definition is not None}


def _reading_of(file: Path) -> Reading:
    with file.open("rb") as opened:
        return read_flow(opened.read(MAX_BYTES + 1), str(file))
