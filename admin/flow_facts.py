"""What a flow is about, in words for whoever is to start it: who does what, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l

from flows.actions.planning import moment_of
from flows.catalogue import FlowDefinition
from flows.catalogue.schema import Deadline
from flows.rules.words import listed, span_in_words
from flows.words import gettext as _

WHO = {"customer": _l("the customer"), "staff": _l("us"), "system": _l("the system")}


@dataclass(frozen=True)
class FlowFacts:
    """`steps` counts them, `who` says whose they are, `due` and `ends` when it is due and ends if it begins now."""

    summary: str
    steps: int
    who: str
    deadline: str
    due: datetime | None
    expiry: str
    ends: datetime | None


def facts_of(definition: FlowDefinition, now: datetime, zone: str) -> FlowFacts:
    return FlowFacts(
        definition.summary or "",
        len(definition.steps),
        _who(definition),
        _after(definition.deadline),
        moment_of(definition.deadline, now, zone),
        _after(definition.expires),
        moment_of(definition.expires, now, zone),
    )


def _who(definition: FlowDefinition) -> str:
    """ "4 by the customer, 1 by us; we review 2"."""
    actors = [step.actor for step in definition.steps.values()]
    shares = [
        _("%(many)s by %(who)s", many=actors.count(actor), who=words) for actor, words in WHO.items() if actor in actors
    ]
    reviewed = sum(step.approval is not None for step in definition.steps.values())
    return _("%(shares)s; we review %(many)s", shares=listed(shares), many=reviewed) if reviewed else listed(shares)


def _after(rule: Deadline | None) -> str:
    return _("%(span)s after it begins", span=span_in_words(rule.after)) if rule is not None else ""
