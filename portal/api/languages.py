"""The language of an answer: what the app asks for, else the person's own; flows bring their own words (X23)."""

from __future__ import annotations

from sqlalchemy.orm import Session

from flows import catalogue
from flows.actions import versions
from flows.catalogue import FlowDefinition, LoadedFlow
from flows.catalogue.translation import in_language
from flows.models import Instance
from flows.words import USUAL, language


def definition_of(session: Session, instance: Instance) -> FlowDefinition:
    """The flow of an instance, in the words of this answer."""
    return versions.spoken_of(session, instance, language())


def flow_of(loaded: LoadedFlow) -> FlowDefinition:
    """A flow of the catalogue, in the words of this answer."""
    return in_language(catalogue.current(), loaded.definition, loaded.content_hash, language())


def title_of(session: Session, instance: Instance) -> str:
    """Its title; one that says something of its own, a name or a subject, stays as it is."""
    return _said(session, instance, instance.title, "title")


def kind_of(session: Session, instance: Instance) -> str:
    """The Task Type."""
    return _said(session, instance, instance.kind, "type")


def _said(session: Session, instance: Instance, kept: str, word: str) -> str:
    if language() == USUAL:
        return kept
    written = getattr(versions.definition_of(session, instance), word)
    return str(getattr(definition_of(session, instance), word)) if written == kept else kept
