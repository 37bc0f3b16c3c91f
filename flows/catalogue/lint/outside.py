"""What the flow names outside its file: plugin actions, lookups, events, mails, other flows, translations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flows.catalogue.lint.arguments import check_alike, check_arguments
from flows.catalogue.lint.expressions import check_mail
from flows.catalogue.lint.fields import groups
from flows.catalogue.lint.holes import almost
from flows.catalogue.lint.report import Report
from flows.catalogue.lint.scopes import scope_at, shape_of_type
from flows.catalogue.problems import cure_among, nearest
from flows.catalogue.registry import Registry
from flows.catalogue.schema import (
    AssignEffect,
    CallEffect,
    Effect,
    EmailEffect,
    FlowDefinition,
    NotifyEffect,
)
from flows.catalogue.source import Path, Source, Unreadable, read_source
from flows.catalogue.translation import LOCALES, check_locale, files_of, is_written_in, mail_file, words_of

WRONG_HOLES = frozenset({"F230", "F232", "F235"})


def check_outside(definition: FlowDefinition, registry: Registry, report: Report) -> None:
    """Everything that is found by name in the registry."""
    _check_event(definition, registry, report)
    for name, link in definition.links.items():
        _check_name("lookups", link.lookup, ("links", name, "lookup"), registry, report)
    for path, fields in groups(definition):
        for name, field in fields.items():
            if field.options_from:
                _check_name("lookups", field.options_from, (*path, name, "options_from"), registry, report)
    for path, effect in placed_effects(definition):
        _check_effect(effect, path, definition, registry, report)
    _check_turns(definition, registry, report)
    for language, file in files_of(registry, definition).items():
        _check_translation(definition, file, ("i18n", language), registry, report)


def placed_effects(definition: FlowDefinition) -> Iterator[tuple[Path, Effect]]:
    """Every effect with its place."""
    for name, step in definition.steps.items():
        yield from ((("steps", name, "do", n), effect) for n, effect in enumerate(step.do))
    for name, action in definition.actions.items():
        yield from ((("actions", name, "do", n), effect) for n, effect in enumerate(action.do))
    for name, timer in definition.timers.items():
        yield from ((("timers", name, "do", n), effect) for n, effect in enumerate(timer.do))
    for event, effects in definition.effects.items():
        yield from ((("effects", event, n), effect) for n, effect in enumerate(effects))


def _check_turns(definition: FlowDefinition, registry: Registry, report: Report) -> None:
    """Somebody can be chosen by turn among a department only: named here, or by a flow that starts this one."""
    placed: list[tuple[Path, str | None]] = [(("start", "assign"), definition.start.assign)]
    placed += [(("steps", name, "assign"), step.assign) for name, step in definition.steps.items()]
    starting = (child for flow in registry.known.values() for child in flow.children.values())
    if definition.start.department or any(one.flow == definition.flow and one.department for one in starting):
        return
    if any(isinstance(one, AssignEffect) and one.assign.department for one in definition.all_effects()):
        return
    for path, assign in placed:
        if assign in ("round_robin", "least_busy"):
            message = f"'{assign}' chooses among a department, and this flow is given to none"
            report.at_value("F213", path, message, "give 'start' a department", "warning")


def _check_event(definition: FlowDefinition, registry: Registry, report: Report) -> None:
    start = definition.start
    if not start.event or not _check_name("events", start.event, ("start", "event"), registry, report):
        return
    carried = shape_of_type(registry.event_type(start.event)).parts
    for name in start.inputs:
        if name not in carried and not (start.staff or start.customer or start.onboarding):
            message = f"the event '{start.event}' carries no '{name}'"
            report.at_key("F410", ("start", "inputs", name), message, cure_among(name, carried))


def _check_name(kind: str, name: str, path: Path, registry: Registry, report: Report) -> bool:
    """A name of a plugin that is not installed is a warning: it may come later. A slip in a known name is an error."""
    names = registry.names(kind)
    if name in names:
        return True
    namespaces = {known.partition(".")[0] for known in names}
    plugin = name.partition(".")[0]
    one = kind.removesuffix("s")
    if plugin in namespaces or nearest(name, [known for known in names if abs(len(known) - len(name)) <= 1]):
        report.at_value("F401", path, f"there is no {one} '{name}'", cure_among(name, names, f"known {kind}"))
    else:
        message = f"the {one} '{name}' belongs to '{plugin}', which is not installed"
        report.at_value("F402", path, message, "install it; your own with: pip install -e FOLDER", "warning")
    return False


def _check_effect(effect: Effect, path: Path, definition: FlowDefinition, registry: Registry, report: Report) -> None:
    if isinstance(effect, CallEffect):
        _check_call(effect, path, definition, registry, report)
    elif isinstance(effect, EmailEffect):
        _check_template(effect.email.template, (*path, "email"), definition, registry, report)
    elif isinstance(effect, NotifyEffect):
        _check_template(effect.notify.template, (*path, "notify"), definition, registry, report)
    elif isinstance(effect, AssignEffect) and not (effect.assign.user or effect.assign.department):
        report.at_key("F108", (*path, "assign"), "give 'user' or 'department'")


def _check_call(effect: CallEffect, path: Path, definition: FlowDefinition, registry: Registry, report: Report) -> None:
    spec = registry.action(effect.call)
    if spec is not None:
        check_arguments(effect, spec, path, scope_at(path, definition, registry), report)
        return
    _check_name("actions", effect.call, (*path, "call"), registry, report)
    for given, value in effect.with_.items():
        check_alike(given, value, (*path, "with", given), report)


def _check_template(kind: str, path: Path, definition: FlowDefinition, registry: Registry, report: Report) -> None:
    if registry.mail(kind, "en") is None:
        place: Path = (*path, "template") if (*path, "template") in report.source.values else path
        cure = _mail_meant(kind, definition, registry) or f"write {mail_file(kind, 'en')}"
        report.at_value("F501", place, f"there is no template mail/{kind}.en.md", cure)
        return
    for language in files_of(registry, definition):
        if not is_written_in(registry, kind, language):
            message, cure = f"this mail is not translated into '{language}'", f"write {mail_file(kind, language)}"
            report.at_value("F505", path, message, cure, "warning")
    scope = scope_at(path, definition, registry)
    for mail in registry.mails(kind):
        check_mail(mail, scope, report)
        for written, inside, offset in almost(mail.text):
            source, message = Source(mail.file, mail.text.split("\n")), f"{written} is shown as it is written"
            cure = f"did you mean ${{{{ {inside} }}}}?"
            report.take(source.problem("F236", message, source.at(mail.text, offset), cure, "warning"))


def _mail_meant(kind: str, definition: FlowDefinition, registry: Registry) -> str:
    """The mail beside the flow that ends so or is nearest; only then those of others."""
    home = registry.homes.get(definition.flow)
    own = sorted({stem for stem, language in home.mails if language == "en"}) if home is not None else []
    meant = next((one for one in own if one.rpartition("/")[2] == kind.rpartition("/")[2]), None)
    everywhere = [one for one in registry.mail_kinds() if registry.mail(one, "en") is not None]
    return f"did you mean '{meant}'?" if meant else nearest(kind, own) or cure_among(kind, everywhere)


def _check_translation(definition: FlowDefinition, file: str, path: Path, registry: Registry, report: Report) -> None:
    """Warnings only: without a translation people read the flow's own words, so it is no reason not to serve it."""
    found = registry.read(file, definition.flow)
    if found is None:
        beside = cure_among(file, registry.files_beside(definition.flow, LOCALES), "there are")
        report.at_value("F601", path, f"there is no file {file} beside the flow", beside, "warning")
        return
    try:
        values, source = read_source(found[1], found[0])
    except Unreadable as refusal:
        report.take(replace(refusal.problem, severity="warning"))
        return
    wrong = {one.line for one in report.found.values() if one.file == report.source.file and one.code in WRONG_HOLES}
    doubted = {path for path in words_of(definition) if report.source.value(path).line in wrong}
    for problem in check_locale(definition, values, source, doubted):
        report.take(problem)
