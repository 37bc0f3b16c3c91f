"""From installed plugins and plain folders to the registry; what is broken is listed, and the rest is served."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
import re
import traceback
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import entry_points as installed_entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import ModuleType

from flows.catalogue.lint import lint
from flows.catalogue.problems import FlowProblem
from flows.catalogue.reader import Reading, read_flow
from flows.catalogue.registry import ActionSpec, BrokenFlow, LoadedFlow, LookupSpec, MailTemplate, Plugin, Registry
from flows.catalogue.schema import FlowDefinition
from flows.plugin import API_VERSION, mark_of

GROUP = "baton.plugins"
SUFFIX = ".flow.yaml"
_TITLE = re.compile(r"^title: *([^#\n]+?) *(?:#.*)?$", re.MULTILINE)
"""Where a flow says what it is called, for a file that cannot be read as a whole."""


def load(
    folders: Sequence[Path] = (), *, entry_points: bool = True, only: str = "", first: Sequence[Path] = ()
) -> Registry:
    """Everything installed under `baton.plugins` and in the folders, checked (D2). Never raises for a bad plugin.

    Of the flows `only` this one and those that it starts, if one is named: reading all the others takes time. What lies
    in the folders `first` stands in place of what is called the same elsewhere.
    """
    packages = [(point.name, point.value) for point in installed_entry_points(group=GROUP)] if entry_points else []
    return load_packages(packages, folders, only, first)


def load_packages(
    packages: Iterable[tuple[str, str]], folders: Sequence[Path] = (), only: str = "", first: Sequence[Path] = ()
) -> Registry:
    """As `load`, with the plugins named: (name, Python package)."""
    registry = Registry()
    for folder in first:
        _add_folder(registry, folder)
    for name, package in sorted(packages):
        _add_package(registry, name, package)
    for folder in folders:
        _add_folder(registry, folder)
    # all names first, then the flows: a flow may call, or start, what a later plugin brings
    files = [(plugin, path) for plugin in registry.plugins for path in _flow_files(plugin.root)]
    read = [_read(registry, plugin, path) for plugin, path in files] if not only else _read_one(registry, files, only)
    for one in [*filter(None, read)]:
        _add_flow(registry, one)
    return registry


@lru_cache(maxsize=256)
def parse_stored(text: str) -> FlowDefinition:
    """The flow of a published text, for instances pinned to it. Raises ValueError when the text is no flow (X12)."""
    reading = read_flow(text, "published flow")
    if reading.definition is None:
        raise ValueError(reading.problems[0].text())
    return reading.definition


def plugin_of_folder(folder: Path, name: str | None = None) -> Plugin:
    """A folder of YAML, mails and locales, without Python. With the name "" its files are called by their paths.

    Raises OSError for a mail that cannot be read.
    """
    plugin = Plugin(folder.name if name is None else name, folder)
    _collect_mails(plugin)
    return plugin


def _add_package(registry: Registry, name: str, package: str) -> None:
    try:
        root = importlib.import_module(package)
        if (refusal := _incompatible(root, package)) is not None:
            registry.broken.append(BrokenFlow(name, package, (refusal,)))
            return
        modules = [root, *_modules(root)]
        plugin = Plugin(name, files(package))
        for module in modules:
            _collect_marked(plugin, module)
    except (Exception, SystemExit) as wrong:  # noqa: BLE001 - a plugin may fail in any way, the others are served
        problem = _import_problem(package, wrong)
        registry.broken.append(BrokenFlow(name, package, (problem,)))
        if (left := _without_python(name, package, problem)) is not None:
            _take_in(registry, left)
    else:
        _take_in(registry, plugin)


def _without_python(name: str, package: str, fault: FlowProblem) -> Plugin | None:
    """What is left of a plugin that cannot be imported: its words, for what runs; its flows are listed as broken."""
    try:
        importlib.invalidate_caches()  # the next try may find a file that was mended within the same second
        found = importlib.util.find_spec(package)
    except (Exception, SystemExit):  # noqa: BLE001 - looking imports what is around it; that this fails is said already
        return None
    places = found.submodule_search_locations if found is not None else None
    return Plugin(name, Path(next(iter(places))), fault) if places else None


def _take_in(registry: Registry, plugin: Plugin) -> None:
    """A mail that cannot be read breaks the flows of its plugin; the others are there, for what runs."""
    try:
        _collect_mails(plugin)
    except OSError as wrong:
        problem = FlowProblem("F901", "error", f"a mail cannot be read ({wrong})", plugin.name)
        registry.broken.append(BrokenFlow(plugin.name, plugin.name, (problem,)))
        plugin.fault = plugin.fault or problem
    for kind in ("actions", "lookups", "events"):
        for taken in getattr(plugin, kind).keys() & set(registry.names(kind)):
            message = f"the name '{taken}' ({kind}) is already brought by another plugin"
            registry.broken.append(
                BrokenFlow(plugin.name, plugin.name, (FlowProblem("F902", "error", message, plugin.name),))
            )
    registry.plugins.append(plugin)


def _incompatible(root: ModuleType, package: str) -> FlowProblem | None:
    """A plugin says what it was written for. Asked before its modules are imported: they may need what is not there."""
    needed = getattr(root, "requires_plugin_api", None)
    if needed is None or (isinstance(needed, str) and _serves(needed)):
        return None
    message = f"the plugin needs version {needed} of flows.plugin, this Baton has {API_VERSION}"
    return FlowProblem("F904", "error", message, package, cure="install another version of one of the two")


def _serves(needed: str) -> bool:
    """The same major version, and no older minor one."""
    if not re.fullmatch(r"\d{1,4}\.\d{1,4}", needed):
        return False
    (major, minor), (our_major, our_minor) = (map(int, version.split(".")) for version in (needed, API_VERSION))
    return major == our_major and minor <= our_minor


def _modules(root: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(root.__path__, f"{root.__name__}."):
        yield importlib.import_module(found.name)


def _collect_marked(plugin: Plugin, module: ModuleType) -> None:
    for thing in vars(module).values():
        mark = mark_of(thing) if inspect.isfunction(thing) or inspect.isclass(thing) else None
        if mark is None or thing.__module__ != module.__name__:
            continue
        if mark.kind == "action":
            plugin.actions[mark.name] = ActionSpec.of(mark.name, thing)
        elif mark.kind == "lookup":
            plugin.lookups[mark.name] = LookupSpec(mark.name, thing, mark.one)
        else:
            plugin.events[mark.name] = thing


def _collect_mails(plugin: Plugin) -> None:
    """Raises OSError for the first mail that cannot be read, once all others are there."""
    root, unread = plugin.root / "mail", None
    for kind, path in _below(root, "") if root.is_dir() else ():
        stem, _, language = kind.removesuffix(".md").rpartition(".")
        file = plugin.file_name(f"mail/{kind}")
        try:
            text = _text_of(path, file)
        except OSError as wrong:
            unread = unread or wrong
            continue
        subject, _, body = text.partition("\n")
        named = subject.removeprefix("Subject:").strip() if subject.startswith("Subject:") else ""
        plugin.mails[stem, language] = MailTemplate(named, body.strip() + "\n", file, text, language)
    if unread is not None:
        raise unread


def _text_of(path: Traversable, file: str) -> str:
    try:
        return path.read_text(encoding="utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as wrong:
        raise OSError(f"{file} is not UTF-8; save it as UTF-8") from wrong


def _below(folder: Traversable, prefix: str) -> Iterator[tuple[str, Traversable]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _below(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".md"):
            yield f"{prefix}{entry.name}", entry


def _add_folder(registry: Registry, folder: Path) -> None:
    if not folder.is_dir():
        problem = FlowProblem("F903", "error", "this folder of flows does not exist", str(folder))
        registry.broken.append(BrokenFlow(folder.name, str(folder), (problem,)))
        return
    for place in (folder, *sorted(entry for entry in folder.iterdir() if entry.is_dir())):
        try:
            if _flow_files(place):
                registry.plugins.append(plugin_of_folder(place))
        except OSError as wrong:
            problem = FlowProblem("F901", "error", f"a file cannot be read ({wrong})", str(place))
            registry.broken.append(BrokenFlow(place.name, str(place), (problem,)))


def _flow_files(root: Traversable) -> list[Traversable]:
    found = (entry for entry in root.iterdir() if entry.name.endswith(SUFFIX) and entry.is_file())
    return sorted(found, key=lambda entry: entry.name)


_Files = Sequence[tuple[Plugin, Traversable]]


@dataclass(frozen=True)
class _Read:
    plugin: Plugin
    name: str
    flow: str
    raw: bytes
    reading: Reading


def _read(registry: Registry, plugin: Plugin, path: Traversable) -> _Read | None:
    """What is in a file; from then on its flow is known."""
    name, flow = f"{plugin.name}/{path.name}", path.name.removesuffix(SUFFIX)  # a flow is called as its file is (F110)
    try:
        raw = path.read_bytes()
    except OSError as wrong:
        problem = FlowProblem("F901", "error", f"the file cannot be read ({wrong.strerror})", name)
        registry.broken.append(BrokenFlow(plugin.name, name, (problem,), flow))
        return None
    reading = read_flow(raw, name)
    if reading.definition is not None:
        registry.known.setdefault(reading.definition.flow, reading.definition)
    return _Read(plugin, name, flow, raw, reading)


def _read_one(registry: Registry, files: _Files, flow: str) -> Iterator[_Read | None]:
    """This flow and those that it starts, at first or second hand."""
    wanted = [flow]
    for name in wanted:  # grows while it is walked
        for plugin, path in files:
            if path.name == name + SUFFIX:
                yield (one := _read(registry, plugin, path))
                known = one.reading.definition if one is not None else None
                started = known.children.values() if known is not None else ()
                wanted += [child.flow for child in started if child.flow not in wanted]


def _add_flow(registry: Registry, one: _Read) -> None:
    plugin, name, flow, raw, reading = one.plugin, one.name, one.flow, one.raw, one.reading
    problems = [*reading.problems, *([plugin.fault] if plugin.fault is not None else [])]
    if reading.definition is not None:
        first, served_from = registry.flows.get(reading.definition.flow), registry.homes.get(reading.definition.flow)
        registry.homes[reading.definition.flow] = plugin
        problems += lint(reading.definition, registry, reading.source)
        if first is not None and served_from is not None:
            registry.homes[reading.definition.flow] = served_from
            message = f"the flow '{reading.definition.flow}' is already loaded from {first.path}"
            cure = "take one of the two out; commands that are given its file or folder use this one"
            problems.append(reading.source.problem("F120", message, reading.source.value(("flow",)), cure))
    if reading.definition is None or any(problem.severity == "error" for problem in problems):
        title = _title_of(reading.definition, raw)
        registry.broken.append(BrokenFlow(plugin.name, name, tuple(problems), flow, title))
        return
    digest = sha256(raw).hexdigest()
    loaded = LoadedFlow(reading.definition, raw.decode("utf-8"), digest, plugin.name, name, tuple(problems))
    registry.flows[reading.definition.flow] = loaded


def _title_of(definition: FlowDefinition | None, raw: bytes) -> str:
    """What a broken flow is called: typed where only lint refused it, else as its line says."""
    if definition is not None:
        return definition.title
    line = _TITLE.search(raw.decode("utf-8", "replace"))
    return line[1].strip("\"' ") if line else ""


def _import_problem(package: str, wrong: BaseException) -> FlowProblem:
    frames = traceback.extract_tb(wrong.__traceback__)
    inside = [frame for frame in frames if package.replace(".", "/") in frame.filename.replace("\\", "/")]
    last = inside[-1] if inside else None
    file, line, source = (last.filename, last.lineno or 1, last.line or "") if last else (package, 1, "")
    if isinstance(wrong, SyntaxError) and wrong.filename:
        file, line, source = wrong.filename, wrong.lineno or 1, (wrong.text or "").rstrip()
    message = f"the plugin cannot be imported ({type(wrong).__name__}: {wrong})"
    return FlowProblem("F901", "error", message, file, line, 1, "", source)
