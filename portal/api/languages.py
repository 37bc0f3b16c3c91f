"""The language of an answer: what the app asks for, else the person's own; flows bring their own words (X23)."""

from __future__ import annotations

from sqlalchemy.orm import Session

from flows.actions import versions
from flows.catalogue import FlowDefinition, LoadedFlow
from flows.models import Instance


def definition_of(session: Session, instance: Instance) -> FlowDefinition:
    """The flow of an instance, in the words of this answer."""
    return versions.spoken_of(session, instance)


def flow_of(loaded: LoadedFlow) -> FlowDefinition:
    """A flow of the catalogue, in the words of this answer."""
    return versions.flow_shown(loaded).definition


def title_of(session: Session, instance: Instance) -> str:
    """Its title; one that says something of its own, a name or a subject, stays as it is."""
    return versions.said_of(session, instance, "title")


def kind_of(session: Session, instance: Instance) -> str:
    """The Task Type."""
    return versions.said_of(session, instance, "type")
