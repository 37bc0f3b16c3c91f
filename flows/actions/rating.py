"""The customer says how it was: asked once after completion, changeable for 7 days (C12, Q28)."""

from __future__ import annotations

from flows.access import clean
from flows.actions import owing, versions
from flows.events import Rated
from flows.models import Instance
from flows.rules import ratings
from flows.rules.errors import Invalid, OutOfStep, Problem, Refused
from flows.words import gettext as _
from flows.work import Work

LONGEST_COMMENT = 1200


def rate(work: Work, instance: Instance, score: int, comment: str = "") -> None:
    """Keep a rating from 1 to the flow's scale, with words if there are any; the instance row is locked."""
    definition = versions.definition_of(work.session, instance)
    if work.actor.kind != "customer":
        raise Refused(_("Only the customer rates"), known=True)
    if not ratings.is_asked(instance.status, definition.rating):
        raise OutOfStep(
            _("There is nothing to rate here"), "instance-closed" if instance.is_open else "invalid-transition"
        )
    if not ratings.may_change(instance.rated_at, work.now):
        raise OutOfStep(_("Your rating was given more than 7 days ago and stays as it is. Thank you"))
    scale = definition.rating.scale if definition.rating else ratings.USUAL_SCALE
    problems = []
    if not 1 <= score <= scale:
        problems.append(
            Problem("/score", "choice", _("Choose from 1 to %(scale)s", scale=scale), {"min": 1, "max": scale})
        )
    if len(comment) > LONGEST_COMMENT:
        problems.append(
            Problem(
                "/comment",
                "too-long",
                _("Use %(longest_comment)s characters at most", longest_comment=f"{LONGEST_COMMENT:,}"),
            )
        )
    if problems:
        raise Invalid(problems)
    first = instance.rated_at is None
    instance.rating, instance.rating_comment = score, clean(comment).strip()
    instance.rated_at = instance.rated_at or work.now
    instance.version += 1
    work.record(instance, Rated(score, scale, instance.rating_comment))
    if first:
        owing.owe(work, instance, definition, f"rated.{instance.event_seq}", definition.effects_for("rated"))
