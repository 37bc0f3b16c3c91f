"""Private answers: words for people that name one show a mask, and who must answer a question sees it (X20)."""

from __future__ import annotations

from flows.catalogue.lint.expressions import every_text
from flows.catalogue.lint.fields import with_items
from flows.catalogue.lint.outside import placed_effects
from flows.catalogue.lint.report import Report
from flows.catalogue.registry import MailTemplate, Registry
from flows.catalogue.schema import (
    CallEffect,
    EmailEffect,
    FlowDefinition,
    FlowField,
    NotifyEffect,
    StartEffect,
    WebhookEffect,
)
from flows.catalogue.source import Path, Place, Source
from flows.rules import private
from flows.rules.expressions import ExpressionProblem, compile_text
from flows.rules.people import in_words

HANDED_OUT = (CallEffect, WebhookEffect, StartEffect)
"""What gets an answer in clear, because it is for a machine or for another instance."""


def check_privacy(definition: FlowDefinition, registry: Registry, report: Report) -> None:
    """Warnings only: nothing private gets out, but the author may have meant something else."""
    hidden = private.names_of(definition)
    if hidden:
        _check_texts(definition, hidden, report)
        _check_mails(definition, hidden, registry, report)
    for name, step in definition.steps.items():
        _check_answerable(("steps", name, "fields"), step.fields, step.actor, report)


def _check_texts(definition: FlowDefinition, hidden: frozenset[str], report: Report) -> None:
    """Holes in notices, messages, outcomes and defaults; what is handed to a call or a webhook goes there in clear."""
    handed_out = [path for path, effect in placed_effects(definition) if isinstance(effect, HANDED_OUT)]
    for path, text, is_condition in every_text(definition):
        if is_condition or any(path[: len(place)] == place for place in handed_out):
            continue
        for name in _named(text, hidden):
            what = "nothing is suggested here" if path[-1] == "default" else "people read ••••••"
            report.at_value("F710", path, f"'{name}' is sensitive: {what}", "leave it out", "warning")


def _check_mails(definition: FlowDefinition, hidden: frozenset[str], registry: Registry, report: Report) -> None:
    kinds = {
        effect.email.template if isinstance(effect, EmailEffect) else effect.notify.template
        for _, effect in placed_effects(definition)
        if isinstance(effect, EmailEffect | NotifyEffect)
    }
    for mail in (mail for kind in sorted(kinds) for mail in registry.mails(kind)):
        for name in _named(mail.text, hidden):
            place = _place_of(mail, name)
            source = Source(mail.file, mail.text.split("\n"))
            message = f"'{name}' is sensitive: people read ••••••"
            report.take(source.problem("F710", message, place, "leave it out", "warning"))


def _place_of(mail: MailTemplate, name: str) -> Place:
    offset = max(mail.text.find(name), 0)
    before = mail.text[:offset]
    return Place(before.count("\n") + 1, offset - before.rfind("\n"))


def _named(text: str, hidden: frozenset[str]) -> list[str]:
    """The names of sensitive answers in the holes of a text; one that cannot be read is reported elsewhere."""
    try:
        names = compile_text(text).names
    except ExpressionProblem:
        return []
    return sorted(name for name in names if private.touches([name], hidden))


def _check_answerable(path: Path, fields: dict[str, FlowField], actor: str, report: Report) -> None:
    for place, group in with_items(path, fields):
        for name, field in group.items():
            people = field.visible_to
            if people and field.required and actor != "system" and not private.names_party(people, actor):
                message = f"it must be answered by the {actor}, so they see it besides {in_words(people)}"
                report.at_value("F711", (*place, name, "visible_to"), message, f"add '{actor}'", "warning")
