"""What a step tells whoever stands before it: its help, that of its pages and its notes, with every hole filled (X23).

Elsewhere (titles, labels, options) a flow says the same to everybody, so that lists, searches and histories agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from flows.actions.scope import as_told, person_words, roots, scope_of
from flows.catalogue import FlowDefinition
from flows.catalogue.schema import Step as StepRule
from flows.models import Instance
from flows.rules.actors import Actor
from flows.rules.expressions import ExpressionProblem, compile_text
from flows.words import Borrowed

HOLE = "${{"


def filled(
    session: Session, actor: Actor, instance: Instance, definition: FlowDefinition, rule: StepRule, now: datetime
) -> StepRule:
    """The step with its words for people filled from the answers that there are; what is not known yet is empty.

    `definition` is in the reader's language, so that options and days are. A step without holes costs nothing.
    """
    if not has_holes(rule):
        return rule

    def tell(words: str | None) -> str | None:
        return _told(session, actor, instance, definition, words, now) if words and HOLE in words else words

    pages = {name: page.model_copy(update={"help": tell(page.help)}) for name, page in rule.pages.items()}
    return rule.model_copy(update={"help": tell(rule.help), "pages": pages, "fields": _notes(rule.fields, tell)})


def has_holes(rule: StepRule) -> bool:
    """Whether what it says depends on more than its own flow."""
    notes = [word for field in rule.fields.values() if field.type == "info" for word in (field.label, field.hint)]
    return any(HOLE in (words or "") for words in (rule.help, *(page.help for page in rule.pages.values()), *notes))


def _notes(fields: Mapping[str, Any], tell: Callable[[str | None], str | None]) -> dict[str, Any]:
    return {
        name: field.model_copy(update={"label": tell(field.label), "hint": tell(field.hint)})
        if field.type == "info"
        else field
        for name, field in fields.items()
    }


def _told(
    session: Session, actor: Actor, instance: Instance, definition: FlowDefinition, words: str, now: datetime
) -> str:
    try:
        text = as_told(compile_text(words), instance, definition, now)
    except ExpressionProblem:
        return words  # no flow that passed lint: words that somebody typed for this task alone
    wanted = roots(text.names)
    more = {"actor": person_words(session, actor.user_id)} if "actor" in wanted else {}
    said = text.told(scope_of(session, instance, definition, now, wanted, **more))
    return Borrowed(said, words.language) if isinstance(words, Borrowed) else said
