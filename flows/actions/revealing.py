"""A sensitive answer is read in clear by staff, or a file of it opened, and that it was is recorded (X10, X20)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from flows.actions import sealing, versions
from flows.catalogue import FlowDefinition
from flows.events import SensitiveRead
from flows.models import Instance, Step, Upload
from flows.rules import answers, private
from flows.rules.errors import OutOfStep, Refused
from flows.words import gettext as _
from flows.work import Work

AT_THE_START = "start"
"""What the timeline calls the place of an answer that was given when the instance began."""


@dataclass(frozen=True)
class Revealed:
    """A question with its answer in clear: as it is kept, and in words. `value` is None where its key is gone."""

    question: Any
    value: Any
    text: str

    @property
    def label(self) -> str:
        return str(self.question.label)


def reveal(work: Work, instance: Instance, step: Step | None, name: str) -> Revealed:
    """The answer to one question, in clear; `step` None: what was given at the start. The instance row is locked.

    For staff with `review`, or named in the question's `visible_to`. Raises Refused for others (403) and for a question
    that is not there or not theirs to see (404), OutOfStep when there is nothing private to show.
    """
    definition = versions.definition_of(work.session, instance)
    field, value = _asked(work, instance, definition, step, name)
    if not private.may_reveal(work.actor, field, instance.standing):
        raise Refused(_('Only colleagues whose role grants "review" may have this shown'), known=True)
    if value is None or not private.is_private(field):
        raise OutOfStep(_("There is no private answer to show here"))
    where = step.name if step is not None else AT_THE_START
    work.record(instance, SensitiveRead(where, name, field.label))
    work.audit("sensitive_answer_read", instance.reference, step=where, field=name)
    try:
        clear = sealing.unsealed(value) if sealing.is_sealed(value) else _clear_list(field, value)
    except sealing.KeyLost:
        return Revealed(field, None, sealing.LOST)
    return Revealed(field, clear, answers.display(field, clear, in_clear=True))


def reveal_file(work: Work, instance: Instance, step: Step | None, name: str, uid: str) -> Upload:
    """One file of a private answer, to be given out; recorded like every other read, each time it is opened.

    The only way for staff to a file of a sensitive question. Raises as `reveal` does, and Refused (404) for a file that
    is not part of this answer.
    """
    shown = reveal(work, instance, step, name)
    places = answers.files_in({name: shown.question}, {name: shown.value})
    if not any(uid in place.ids for place in places):
        raise Refused(_("No such file"))
    held = select(Upload).where(Upload.uid == uid, Upload.instance_id == instance.id, Upload.attached_at.is_not(None))
    upload = work.session.scalar(held)
    if upload is None:
        raise Refused(_("No such file"))
    work.audit("sensitive_file_opened", instance.reference, upload=uid)
    return upload


def _asked(work: Work, instance: Instance, definition: FlowDefinition, step: Step | None, name: str) -> tuple[Any, Any]:
    """The question and its stored answer, of what the actor sees."""
    if step is not None:
        fields, stored, answering = definition.steps[step.name].fields, step.answers, step.actor
    else:
        fields = definition.start.questions
        stored, answering = instance.inputs, ""
    field = private.fields_for(work.actor, fields, instance.standing, answering).get(name)
    if field is None or field.type == "info":
        if not work.actor.may("review"):  # whoever may read nothing private learns nothing about what there is
            raise Refused(_('Only colleagues whose role grants "review" may have this shown'), known=True)
        raise Refused(_("No such question"))
    return field, stored.get(name)


def _clear_list(field: Any, value: Any) -> Any:
    """A list whose entries have private parts. Raises KeyLost."""
    return private.each({"": field}, {"": value}, lambda _field, part: sealing.unsealed(part))[""]
