"""What is loaded: flows, the actions, lookups and events that plugins bring, and the words of their mails."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from flows.catalogue.problems import FlowProblem
from flows.catalogue.schema import FlowDefinition
from flows.plugin import FindOne, Search

__all__ = ["ActionSpec", "BrokenFlow", "LoadedFlow", "LookupSpec", "MailTemplate", "Parameter", "Plugin", "Registry"]


@dataclass(frozen=True)
class Parameter:
    """One argument of an action; `kind` is its annotation, for people."""

    name: str
    required: bool
    kind: str = ""


@dataclass(frozen=True)
class ActionSpec:
    """A plugin's action: `parameters` are the `with:` arguments; `takes_more` when it accepts any others as text."""

    name: str
    call: Callable[..., Any]
    parameters: tuple[Parameter, ...] = ()
    takes_more: bool = False

    @classmethod
    def of(cls, name: str, call: Callable[..., Any]) -> ActionSpec:
        """Read the arguments from the signature; the first parameter is the context."""
        _, *arguments = inspect.signature(call).parameters.values()
        named = (
            argument for argument in arguments if argument.kind not in (argument.VAR_KEYWORD, argument.VAR_POSITIONAL)
        )
        return cls(
            name,
            call,
            tuple(Parameter(a.name, a.default is a.empty, str(a.annotation)) for a in named),
            any(argument.kind is argument.VAR_KEYWORD for argument in arguments),
        )


@dataclass(frozen=True)
class LookupSpec:
    """A plugin's lookup: `search` for a list, `one` for a single value (`flows.plugin.lookup` is the contract)."""

    name: str
    search: Search
    one: FindOne | None = None


@dataclass(frozen=True)
class MailTemplate:
    """Subject and markdown body, both text with `${{ }}` holes; `file` is for problems, `language` what they are in."""

    subject: str
    body: str
    file: str = ""
    text: str = ""
    language: str = ""


@dataclass
class Plugin:
    """What one plugin brings, and where its files are; `fault` is why its Python cannot be imported, if it cannot."""

    name: str
    root: Traversable
    fault: FlowProblem | None = None
    actions: dict[str, ActionSpec] = field(default_factory=dict)
    lookups: dict[str, LookupSpec] = field(default_factory=dict)
    events: dict[str, type] = field(default_factory=dict)
    mails: dict[tuple[str, str], MailTemplate] = field(default_factory=dict)

    def file_name(self, relative: str) -> str:
        """How a file of this plugin is called in problems and lists."""
        return (
            str(self.root / relative) if isinstance(self.root, Path) and self.name == "" else f"{self.name}/{relative}"
        )

    def names_in(self, folder: str) -> list[str]:
        """The names of the files in a folder of the plugin; none where there is no such folder."""
        place = self.root / folder
        return sorted(entry.name for entry in place.iterdir()) if place.is_dir() else []

    def read(self, relative: str) -> bytes | None:
        """The bytes of a file of the plugin, None when there is none."""
        target = self.root.joinpath(*relative.split("/"))
        return target.read_bytes() if target.is_file() else None


@dataclass(frozen=True)
class LoadedFlow:
    """A flow that is served: typed, with the exact text it was read from and the sha256 of its bytes (X12)."""

    definition: FlowDefinition
    text: str
    content_hash: str
    plugin: str
    path: str
    problems: tuple[FlowProblem, ...] = ()


@dataclass(frozen=True)
class BrokenFlow:
    """A file or plugin that is not served, and why.

    `flow` and `title` are what can be read of a flow all the same: what was started of it goes on, and who would start
    it is told why nothing starts.
    """

    plugin: str
    file: str
    problems: tuple[FlowProblem, ...]
    flow: str = ""
    title: str = ""


@dataclass
class Registry:
    """Everything that is loaded. Names are global: the first plugin that brings a name keeps it."""

    flows: dict[str, LoadedFlow] = field(default_factory=dict)
    broken: list[BrokenFlow] = field(default_factory=list)
    plugins: list[Plugin] = field(default_factory=list)
    known: dict[str, FlowDefinition] = field(default_factory=dict)
    """Every flow that could be read, whether or not something is wrong with it: what another one may start."""
    homes: dict[str, Plugin] = field(default_factory=dict, repr=False, compare=False)
    """In which plugin the file of a flow lies, by the name of the flow."""
    spoken: dict[tuple[str, str], FlowDefinition] = field(default_factory=dict, repr=False, compare=False)
    """Flows in other languages by content hash and language; filled by `translation.in_language`."""
    sayings: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict, repr=False, compare=False)
    """What they say there, by what they say in their own; filled by `translation.sayings_in`."""

    def action(self, name: str) -> ActionSpec | None:
        return next((plugin.actions[name] for plugin in self.plugins if name in plugin.actions), None)

    def lookup(self, name: str) -> LookupSpec | None:
        return next((plugin.lookups[name] for plugin in self.plugins if name in plugin.lookups), None)

    def event_type(self, name: str) -> type | None:
        return next((plugin.events[name] for plugin in self.plugins if name in plugin.events), None)

    def names(self, kind: str) -> list[str]:
        """All registered names of one kind: "actions", "lookups" or "events"."""
        return sorted(name for plugin in self.plugins for name in getattr(plugin, kind))

    def mail(self, kind: str, language: str) -> MailTemplate | None:
        """The template in that language, else in its base language ("cy" for "cy-GB"), else in English (X15)."""
        for tried in (language, language.partition("-")[0], "en"):
            for plugin in self.plugins:
                if (kind, tried) in plugin.mails:
                    return plugin.mails[kind, tried]
        return None

    def mail_kinds(self) -> list[str]:
        """Every kind of mail for which there is a template in some language."""
        return sorted({kind for plugin in self.plugins for kind, _ in plugin.mails})

    def mails(self, kind: str) -> Iterator[MailTemplate]:
        """One kind of mail in all its languages."""
        for plugin in self.plugins:
            yield from (mail for (named, _), mail in plugin.mails.items() if named == kind)

    def read(self, relative: str, flow: str) -> tuple[str, bytes] | None:
        """Name and bytes of a file of this flow, such as a locale: the one beside it.

        Else one that another plugin brings, if the flow's name is in its name: `locales/cy.yaml` is somebody else's.
        """
        home = self.homes.get(flow)
        elsewhere = self.plugins if home is None or relative.rpartition("/")[2].startswith(f"{flow}.") else []
        for plugin in [*([home] if home else []), *elsewhere]:
            if (found := plugin.read(relative)) is not None:
                return plugin.file_name(relative), found
        return None

    def broken_flow(self, name: str) -> BrokenFlow | None:
        """The file of this flow, when it is broken and so the flow is not served."""
        return next((one for one in self.broken if one.flow == name), None) if name not in self.flows else None

    def languages_beside(self, flow: str) -> list[str]:
        """The languages of the locale files that some plugin brings for a flow by their name."""
        found = (name for plugin in self.plugins for name in plugin.names_in("locales"))
        return sorted({name[len(flow) + 1 : -5] for name in found if fnmatchcase(name, f"{flow}.*.yaml")})

    def files_beside(self, flow: str, folder: str) -> list[str]:
        """The files in a folder beside the file of a flow: `locales/tea.cy.yaml`."""
        home = self.homes.get(flow)
        return [f"{folder}/{name}" for name in home.names_in(folder)] if home is not None else []

    def flows_started_by(self, event: str) -> list[LoadedFlow]:
        """The flows that start when this event is published; archived ones do not."""
        found = (flow for flow in self.flows.values() if flow.definition.start.event == event)
        return [flow for flow in found if not flow.definition.archived]

    def seen_from(self, home: Plugin, flow: str) -> Registry:
        """The same registry with another plugin looked at first: how lint sees a flow beside its own mails."""
        homes = {**self.homes, flow: home}
        return replace(self, plugins=[home, *self.plugins], known=dict(self.known), homes=homes, spoken={}, sayings={})
