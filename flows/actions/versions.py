"""Published flow versions: an instance is pinned to the text it started with (X12)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Literal, TypeVar

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from flows import catalogue
from flows.catalogue import FlowDefinition, LoadedFlow
from flows.catalogue.overlay import overlaid
from flows.catalogue.schema import MessageEffect, NoticeEffect
from flows.catalogue.translation import in_language
from flows.models import FlowVersion, Instance
from flows.rules.errors import OutOfStep, Unreadable
from flows.rules.stages import STATUS_OF
from flows.words import N_, USUAL, language
from flows.words import gettext as _
from flows.work import Work

Told = TypeVar("Told", NoticeEffect, MessageEffect)
TRIES = 8
"""How often a number is looked for; each time that it is taken, somebody else has published."""
_definitions: dict[str, FlowDefinition] = {}
"""By content hash: a published text never changes, so neither does what it means."""


def publish(work: Work, loaded: LoadedFlow) -> FlowVersion:
    """The version row of a loaded flow; the first instance of a new text publishes it.

    Tried again when others publish other texts of the flow at the same moment and take its number.
    """
    same = select(FlowVersion).where(
        FlowVersion.flow == loaded.definition.flow, FlowVersion.content_hash == loaded.content_hash
    )
    for _try in range(TRIES):
        version = work.session.scalar(same)
        if version is not None:
            return version
        _insert(work, loaded)
    return work.session.scalars(same).one()


def _insert(work: Work, loaded: LoadedFlow) -> None:
    """The next version, unless somebody else publishes this text, or another one as that number, at the same moment."""
    newest = work.session.scalar(select(func.max(FlowVersion.number)).where(FlowVersion.flow == loaded.definition.flow))
    insert = (postgresql if work.session.get_bind().dialect.name == "postgresql" else sqlite).insert(FlowVersion)
    work.session.execute(
        insert.values(
            flow=loaded.definition.flow,
            number=(newest or 0) + 1,
            content_hash=loaded.content_hash,
            plugin=loaded.plugin,
            title=loaded.definition.title,
            text=loaded.text,
            published_at=work.now,
        ).on_conflict_do_nothing()
    )


def newest_text(session: Session, flow: str) -> str | None:
    """What was last published of the flow; None when nothing was ever started of it."""
    query = select(FlowVersion.text).where(FlowVersion.flow == flow).order_by(FlowVersion.number.desc()).limit(1)
    text: str | None = session.scalar(query)
    return text


def definition_of(session: Session, instance: Instance) -> FlowDefinition:
    """What the flow said when the instance started, whatever the file says today, with what was added to this one."""
    return overlaid(_published(session, instance), instance.overlay)


def of_version(version: FlowVersion) -> FlowDefinition:
    """What a published text says, without anything that was added to one instance.

    Raises OutOfStep for one that this Baton cannot read, e.g. because a newer one has published it.
    """
    try:
        return _meant(version.flow, version.content_hash, lambda: version.text)
    except Unreadable as problem:
        said = N_("Version %(number)s of %(flow)s cannot be read: %(why)s. It needs the Baton that published it")
        raise OutOfStep(_(said, number=version.number, flow=version.flow, why=problem.why)) from None


def spoken_of(session: Session, instance: Instance) -> FlowDefinition:
    """The same for showing, in the reader's language, as far as the flow has words for it (X23)."""
    said = in_language(catalogue.current(), _published(session, instance), instance.flow_hash, language())
    return overlaid(said, instance.overlay)


def in_lists(
    session: Session, instance: Instance, read: Callable[[Session, Instance], FlowDefinition] = spoken_of
) -> FlowDefinition:
    """The same for a row among others: one whose text cannot be read is shown by what its rows say, and stops no list.

    Only for showing: it asks nothing and allows nothing.
    """
    try:
        return read(session, instance)
    except Unreadable:
        return _bare(instance)


def _bare(instance: Instance) -> FlowDefinition:
    named = {"flow": instance.flow, "schema": 1, "title": instance.title, "type": instance.kind or None, "start": {}}
    if instance.state is not None:
        column = next((column for column, status in STATUS_OF.items() if status == instance.status), "cancelled")
        return FlowDefinition.model_validate({**named, "states": {instance.state: {"is": column}}})
    steps = {
        step.name: {"title": step.name.replace("_", " ").capitalize(), "actor": step.actor} for step in instance.steps
    }
    return FlowDefinition.model_validate({**named, "steps": steps})


def flow_shown(loaded: LoadedFlow) -> LoadedFlow:
    """A flow that is served, in the language of whoever reads."""
    said = in_language(catalogue.current(), loaded.definition, loaded.content_hash, language())
    return replace(loaded, definition=said)


def said_of(session: Session, instance: Instance, word: Literal["title", "type"]) -> str:
    """Its title or type in that language; one that says something of its own, a name or a subject, stays as it is.

    So does that of an instance whose text cannot be read: the lists that it stands in go on.
    """
    kept = instance.title if word == "title" else instance.kind
    if language() == USUAL:
        return kept
    with suppress(Unreadable):
        if getattr(definition_of(session, instance), word) == kept:
            kept = getattr(spoken_of(session, instance), word)
    return kept


def step_said_of(session: Session, instance: Instance, name: str, kept: str = "") -> str:
    """The title of a step in that language; where no such step can be read any more, the words `kept`."""
    with suppress(Unreadable):
        step = spoken_of(session, instance).steps.get(name)
        return step.title if step is not None else kept
    return kept


def effect_said(session: Session, instance: Instance, rule: Told) -> Told:
    """An effect of its flow that tells somebody something, in the language that is spoken."""
    pairs = zip(definition_of(session, instance).all_effects(), spoken_of(session, instance).all_effects(), strict=True)
    there = next((other for own, other in pairs if own is rule), rule)
    return there if isinstance(there, type(rule)) else rule


def _published(session: Session, instance: Instance) -> FlowDefinition:
    query = select(FlowVersion.text).where(FlowVersion.id == instance.flow_version_id)
    return _meant(instance.flow, instance.flow_hash, lambda: session.scalars(query).one())


def _meant(flow: str, content_hash: str, text: Callable[[], str]) -> FlowDefinition:
    """What a text means; it is asked for only where the file says another today, and that only once.

    Raises Unreadable for one that means nothing to this Baton.
    """
    loaded = catalogue.current().flows.get(flow)
    if loaded is not None and loaded.content_hash == content_hash:
        return loaded.definition
    if content_hash not in _definitions:
        try:
            _definitions[content_hash] = catalogue.parse_stored(text())
        except ValueError as problem:
            raise Unreadable(flow, str(problem).partition("\n")[0]) from None
    return _definitions[content_hash]
