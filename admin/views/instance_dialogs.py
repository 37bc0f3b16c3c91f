"""What staff do to an instance besides reviewing: reopen, add, assign, move, cancel, revive; each asks first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from flask import g
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from admin import assigning, clocks, concluding, reviewing
from admin.asking import Field, Question, ask, seen_version
from admin.guard import StaffView, door
from admin.instance_page import news_of
from admin.instance_words import PARTY_WORDS
from admin.showing import title_of
from flows import access
from flows.access import read_as
from flows.actions import amending, closing, reopening, versions
from flows.catalogue import FlowDefinition
from flows.models import Instance, Step
from flows.rules import moves
from flows.rules.visibility import OVER
from flows.words import gettext as _
from flows.work import Work

BOTH = ("GET", "POST")
QUESTION_WORDS = {
    "text": _l("One line of text"), "textarea": _l("Several lines of text"), "email": _l("Email address"),
    "phone": _l("Phone number"), "number": _l("Number"), "money": _l("Amount of money"), "date": _l("Date"),
    "boolean": _l("Yes or no"), "choice": _l("One of several"), "choices": _l("Some of several"), "file": _l("File"),
    "address": _l("Address"), "signature": _l("Signature"),
}  # fmt: skip
"""The kinds of question that can be added, `amending.TYPES`, in words."""
QUESTIONS = 3
"""How many questions a step can be added with; more are added to it afterwards."""


class InstanceDialogs(StaffView):
    """The doors below /<ref> that ask, then call one verb."""

    @door("/<ref>/steps/<name>/review", needs="review", methods=BOTH)
    def review(self, ref: str, name: str) -> Response:
        return reviewing.review(self, ref, name)

    @door("/<ref>/steps/<name>/close", needs="review", methods=BOTH)
    def close(self, ref: str, name: str) -> Response:
        return reviewing.close(self, ref, name)

    @door("/<ref>/outcome", needs="review", methods=BOTH)
    def conclude(self, ref: str) -> Response:
        return concluding.conclude(self, ref)

    @door("/<ref>/steps/<name>/reopen", needs="review", methods=BOTH)
    def reopen(self, ref: str, name: str) -> Response:
        """A completed step is its actor's again (C38)."""
        instance, step, definition = _read(ref, name)
        again = [definition.steps[other].title for other in moves.dependents(definition, step.name)]
        question = self._question(
            instance,
            _("Reopen “%(title)s”?", title=definition.steps[step.name].title),
            _("Reopen"),
            done=_("The step is open again."),
            text=_reopening_words(instance),
            facts=((_("Checked or done again after it"), ", ".join(again) or _("nothing")),),
            fields=(
                Field(
                    "reason", _("Reason"), "textarea", hint=_("Sent to the customer, if you write one"), optional=True
                ),
            ),
            seen=str(step.version),
        )

        def act(work: Work, typed: Mapping[str, Any]) -> None:
            locked = access.instance_to_change(work, ref)
            reopening.reopen_step(
                work, locked, access.step_of(locked, name), typed["reason"], version=seen_version(typed)
            )

        return ask(self, question, act)

    @door("/<ref>/steps/<name>/confirm", needs="review", methods=BOTH)
    def confirm(self, ref: str, name: str) -> Response:
        """*Still right*: a step that stands on a reopened one holds as it is (Q23)."""
        instance, step, definition = _read(ref, name)
        question = self._question(
            instance,
            _("Is “%(title)s” still right?", title=definition.steps[step.name].title),
            _("Still right"),
            done=_("The step holds as it is."),
            text=_("A step before it was reopened. If its answers still hold, nobody has to give them again."),
        )

        def act(work: Work, _typed: Mapping[str, Any]) -> None:
            locked = access.instance_to_change(work, ref)
            reopening.confirm_step(work, locked, access.step_of(locked, name))

        return ask(self, question, act)

    @door("/<ref>/steps/<name>/add-step", needs="create", methods=BOTH)
    def add_step(self, ref: str, name: str) -> Response:
        """A step more, below this one, for this one request (C39)."""
        instance, step, definition = _read(ref, name)
        fields = [
            Field("title", _("Name of the step")),
            Field(
                "actor",
                _("Who does it"),
                "radios",
                "customer",
                options={one: PARTY_WORDS[one] for one in amending.ACTORS},
            ),
            Field(
                "approval", _("We approve the answers"), "checkbox", hint=_("For a step of the customer"), optional=True
            ),
        ]
        for n in range(QUESTIONS):
            fields += _question_fields(f"questions-{n}-", _("Question %(n)s (optional)", n=n + 1), optional=True)
        question = self._question(
            instance,
            _("Add a step below “%(title)s”", title=definition.steps[step.name].title),
            _("Add the step"),
            done=_("The step is there."),
            text=_("The flow stays as it is; only this request gets the step. Whoever does it is told."),
            fields=tuple(fields),
        )

        def act(work: Work, typed: Mapping[str, Any]) -> None:
            asked = [_asked(typed, f"questions-{n}-") for n in range(QUESTIONS)]
            amending.add_step(
                work,
                access.instance_to_change(work, ref),
                step.name,
                title=typed["title"],
                actor=typed["actor"],
                approval=typed["approval"] == "1",
                questions=_without_gaps(asked),
            )

        return ask(self, question, act)

    @door("/<ref>/steps/<name>/add-field", needs="create", methods=BOTH)
    def add_field(self, ref: str, name: str) -> Response:
        """A question more on an active or pending step of this one request (C40)."""
        instance, step, definition = _read(ref, name)
        flow_stays = _("The flow stays as it is; only this request gets the question.")
        pending = _("It was sent already, so it goes back for the new answer; every answer given is kept.")
        after = pending if step.state == "pending_approval" else _("What is typed already is kept.")
        question = self._question(
            instance,
            _("Add a question to “%(title)s”", title=definition.steps[step.name].title),
            _("Add the question"),
            done=_("The question is there."),
            text=f"{flow_stays} {after}",
            fields=tuple(_question_fields("", "")),
        )

        def act(work: Work, typed: Mapping[str, Any]) -> None:
            locked = access.instance_to_change(work, ref)
            amending.add_field(work, locked, access.step_of(locked, name), _asked(typed, ""))

        return ask(self, question, act)

    @door("/<ref>/assign", needs="assign", methods=BOTH)
    def assign(self, ref: str) -> Response:
        return assigning.assign(self, ref)

    @door("/<ref>/take", needs="assign", methods=BOTH)
    def take(self, ref: str) -> Response:
        return assigning.take(self, ref)

    @door("/<ref>/unassign", needs="assign", methods=BOTH)
    def unassign(self, ref: str) -> Response:
        return assigning.unassign(self, ref)

    @door("/<ref>/due", needs="create", methods=BOTH)
    def due(self, ref: str) -> Response:
        return clocks.change_due(self, ref)

    @door("/<ref>/extend", needs="orders", methods=BOTH)
    def extend(self, ref: str) -> Response:
        return clocks.extend(self, ref)

    @door("/<ref>/remind", needs="message", methods=BOTH)
    def remind(self, ref: str) -> Response:
        return clocks.remind(self, ref)

    @door("/<ref>/cancel", needs="cancel", methods=BOTH)
    def cancel(self, ref: str) -> Response:
        """By an administrator, with a reason that the customer reads (C21)."""
        instance = access.instance_to_read(g.actor, ref)
        definition = versions.spoken_of(read_as(g.actor), instance)
        left = [definition.steps[step.name].title for step in instance.steps if step.state not in OVER]
        paid = [definition.steps[step.name].title for step in instance.steps if step.answers.get("paid")]
        question = self._question(
            instance,
            _("Cancel %(reference)s?", reference=instance.reference),
            _("Cancel the request"),
            tone="bad",
            done=_("%(reference)s is cancelled.", reference=instance.reference),
            text=_("Nothing more can be answered, its reminders stop, and the customer is told."),
            facts=(
                (_("Request"), f"{title_of(instance)}, {instance.customer_name}"),
                (_("Not done any more"), ", ".join(left) or _("nothing")),
                (_("Paid already"), ", ".join(paid) or _("nothing")),
            ),
            fields=(Field("reason", _("Reason"), "textarea", hint=_("The customer reads it")),),
        )

        def act(work: Work, typed: Mapping[str, Any]) -> None:
            closing.cancel_request(work, access.instance_to_change(work, ref), typed["reason"])

        return ask(self, question, act)

    @door("/<ref>/revive", needs="cancel", methods=BOTH)
    def revive(self, ref: str) -> Response:
        """What was cancelled or has expired goes on where it was (Q7)."""
        instance = access.instance_to_read(g.actor, ref)
        zone = ZoneInfo(instance.time_zone)
        ends = () if instance.expires_at is None else (clocks.moment_field("expires_at", _("New end"), None, zone),)
        question = self._question(
            instance,
            _("Take %(reference)s up again?", reference=instance.reference),
            _("Take it up again"),
            done=_("%(reference)s goes on.", reference=instance.reference),
            text=_(
                "It goes on where it was, with all its answers. Reminders that were still to come are planned again."
            ),
            fields=(
                Field("reason", _("Reason"), "textarea", hint=_("Stands in the history, where the customer reads it")),
                *ends,
            ),
        )

        def act(work: Work, typed: Mapping[str, Any]) -> None:
            end = typed.get("expires_at", "").strip()
            moment = clocks.moment_typed(end, zone, "/expires_at") if end else None
            reopening.revive(work, access.instance_to_change(work, ref), typed["reason"], moment)

        return ask(self, question, act)

    def _question(self, instance: Instance, title: str, button: str, **more: Any) -> Question:
        """A question about one instance; when it comes too late it tells what happened since it was asked."""
        reference = instance.reference
        back = f"{self.path()}/{reference}"
        return Question(title, back, button, seq=instance.event_seq, news=lambda seq: news_of(reference, seq), **more)


def _read(ref: str, name: str) -> tuple[Instance, Step, FlowDefinition]:
    instance = access.instance_to_read(g.actor, ref)
    return instance, access.step_of(instance, name), versions.spoken_of(read_as(g.actor), instance)


def _reopening_words(instance: Instance) -> str:
    kept = _("Every answer stays in the form.")
    if instance.is_open:
        then = _("Open steps after it lock until it is done; completed ones are marked “check again”.")
    else:
        then = _("%(reference)s has ended, so the whole request is taken up again.", reference=instance.reference)
    return f"{kept} {then}"


def _question_fields(before: str, group: str, optional: bool = False) -> list[Field]:
    return [
        Field(f"{before}label", _("Question"), optional=optional, group=group),
        Field(f"{before}type", _("Kind of answer"), "select", "text", options=QUESTION_WORDS, group=group),
        Field(f"{before}required", _("It has to be answered"), "checkbox", optional=True, group=group),
        Field(f"{before}hint", _("Hint"), hint=_("A sentence below the question"), optional=True, group=group),
        Field(
            f"{before}options",
            _("Options"),
            "textarea",
            hint=_("For “One of several” and “Some of several”: one a line"),
            optional=True,
            group=group,
        ),
    ]


def _asked(typed: Mapping[str, Any], before: str) -> dict[str, Any]:
    """A question as `amending` takes it."""
    return {
        "label": typed[f"{before}label"],
        "type": typed[f"{before}type"],
        "required": typed[f"{before}required"] == "1",
        "hint": typed[f"{before}hint"],
        "options": typed[f"{before}options"].splitlines(),
    }


def _without_gaps(asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without the empty ones at the end; one that is empty before another is told of, not dropped."""
    filled = [n for n, one in enumerate(asked) if one["label"].strip() or one["hint"].strip() or any(one["options"])]
    return asked[: filled[-1] + 1] if filled else []
