"""What lies around flows and is read beside them: scenario files that cannot be played, mails that nothing sends."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from flows.catalogue.problems import FlowProblem, closest, cure_among
from flows.catalogue.registry import LoadedFlow, Plugin, Registry
from flows.catalogue.source import Place, Source
from flows.catalogue.translation import mails_of

if TYPE_CHECKING:
    from flows.authoring.play.scenario import Story

SCENARIOS, MAILS = "scenarios", "mail"
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")


def check_around(home: Plugin, registry: Registry, broken: Collection[str], sent: Collection[str]) -> list[FlowProblem]:
    """Everything around the flows of a plugin or folder.

    `registry` knows them and has its mails; `broken` are the flows of it that cannot be read, of which nothing is said;
    `sent` are mails that the product sends without any flow.
    """
    try:
        unused = [] if broken else _unused_mails(home, registry, sent)
        return [*_scenarios(home, registry, broken), *_misnamed_mails(home), *unused]
    except OSError as wrong:
        return [FlowProblem("F901", "error", f"a file cannot be read ({wrong.strerror})", str(wrong.filename))]


def _scenarios(home: Plugin, registry: Registry, broken: Collection[str]) -> Iterator[FlowProblem]:
    files = [name for name in home.names_in(SCENARIOS) if name.endswith(".yaml")]
    if not files:
        return
    # the engine comes with it: flows without stories need none
    from flows.authoring.play.scenario import read_scenarios

    told = _with_all_known(registry)
    for name in files:
        relative = f"{SCENARIOS}/{name}"
        stories, problems = read_scenarios(home.read(relative) or b"", home.file_name(relative))
        yield from problems
        if stories and stories[0].flow not in broken:
            yield from _lost_names(told, stories)


def _lost_names(registry: Registry, stories: Sequence[Story]) -> Iterator[FlowProblem]:
    from flows.authoring.play.naming import in_story

    flow, source = stories[0].flow, stories[0].source
    if flow not in registry.flows:
        cure = cure_among(flow, registry.flows, "there are")
        yield source.problem("S107", f"no flow is called '{flow}'", source.value(("flow",)), cure)
        return
    for story in stories:
        for lost in in_story(registry, story):
            cure = cure_among(lost.name, lost.known, "there are") or "there is none"
            place = source.key(("cases", story.name, *lost.path))
            yield source.problem("S107", f"no {lost.what} is called '{lost.name}'", place, cure)


def _with_all_known(registry: Registry) -> Registry:
    """The names of a flow can be asked as soon as it could be read, whether or not it is served."""
    read = {name: LoadedFlow(one, "", "", "", "") for name, one in registry.known.items()}
    return replace(registry, flows={**registry.flows, **read})


def _misnamed_mails(home: Plugin) -> Iterator[FlowProblem]:
    """Files that nobody reads as a mail, and mails in no language."""
    for stem, language in home.mails:
        mail = home.mails[stem, language]
        if not stem or not _LANGUAGE.fullmatch(language):
            name = stem or language
            cure = f"call it {name.rpartition('/')[2]}.en.md, or another language"
            yield _whole_file("F504", "the name of this mail says no language", mail.file, cure)
    for name in home.names_in(MAILS):
        if not name.endswith(".md") and "." in name.strip("."):
            file = home.file_name(f"{MAILS}/{name}")
            yield _whole_file("F504", "this file is not read as a mail", file, "a mail is called NAME.en.md")


def _unused_mails(home: Plugin, registry: Registry, sent: Collection[str]) -> Iterator[FlowProblem]:
    named = {*sent, *(name for definition in registry.known.values() for name in mails_of(definition))}
    missing = [name for name in named if registry.mail(name, "en") is None]
    kinds = {stem: mail.file for (stem, _), mail in home.mails.items() if stem and stem not in named}
    for kind, file in kinds.items():
        cure = f"name it in an effect: email: {kind}; or take it out"
        if (meant := closest(kind, missing)) is not None:
            cure = f"a flow sends '{meant}', and there is no such mail: is it this one?"
        yield _whole_file("F503", f"no flow sends the mail '{kind}'", file, cure)


def _whole_file(code: str, message: str, file: str, cure: str) -> FlowProblem:
    return Source(file).problem(code, message, Place(1, 1), cure, "warning")
