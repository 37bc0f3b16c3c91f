"""The reasons of what happens by itself: due dates, ends, timers that fired or did not, effects with a condition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from flows.authoring.why.looking import Look, Why
from flows.catalogue.schema import Effect
from flows.catalogue.source import Path
from flows.models import Timer
from flows.rules.past import EventLike, Moment
from flows.rules.words import moment_in_words
from flows.words import N_
from flows.words import gettext as _

OWN_TIMERS = {
    "deadline": (N_("Due date"), ("deadline",)), "expires": (N_("End"), ("expires",)),
    "due": (N_("Due date of “%(step)s”"), ("steps", "{name}", "deadline")),
    "review": (N_("Escalation of “%(step)s”"), ("steps", "{name}", "approval", "escalate")),
}  # fmt: skip
"""Timers that the flow does not name itself: their words, and what of the flow asks for them."""
EFFECTS = {
    "email": N_("Email"), "notify": N_("Notify"), "notice": N_("Notice"), "message": N_("Message"),
    "call": N_("Call"), "assign": N_("Assign"), "webhook": N_("Webhook"), "start": N_("Start"),
}  # fmt: skip
DATES = {
    ("due_at", False): N_("It is due on %(when)s"), ("due_at", True): N_("It is due on %(when)s, which is past"),
    ("expires_at", False): N_("It ends on %(when)s"), ("expires_at", True): N_("It ends on %(when)s, which is past"),
}  # fmt: skip
KIND_OF = {
    "created": "instance_started", "completed": "instance_completed", "closed": "instance_closed",
    "cancelled": "instance_cancelled", "expired": "instance_expired", "overdue": "instance_overdue",
}  # fmt: skip
"""What the timeline calls the moments for which effects are owed."""


def last(look: Look, kind: str, **facts: Any) -> tuple[Moment | None, EventLike | None]:
    """The newest event of a kind with these facts, and the moment it belongs to."""
    for moment in reversed(look.moments):
        for event in reversed(moment.events):
            if event.kind == kind and all(event.facts.get(name) == value for name, value in facts.items()):
                return moment, event
    return None, None


# --- dates ------------------------------------------------------------------------------------------------------


def dates(look: Look) -> Iterator[Why]:
    """Where the due date and the end of the whole come from."""
    instance = look.instance
    for name, rule, moment in (
        ("due_at", look.definition.deadline, instance.due_at),
        ("expires_at", look.definition.expires, instance.expires_at),
    ):
        if moment is None:
            continue
        key = "deadline" if name == "due_at" else "expires"
        is_past = instance.is_open and look.at > moment
        said = _(DATES[name, is_past], when=moment_in_words(moment, instance.time_zone))
        text = f"after: {rule.after}" if rule is not None else _("a date that was given by hand")
        place = look.place(key) if rule is not None else ""
        yield Why("date", name, said, True, key, text, place, because=look.because(name))


# --- timers -----------------------------------------------------------------------------------------------------


def timers(look: Look, rows: Sequence[Timer]) -> Iterator[Why]:
    """Every timer that was planned by then: fired, not fired and why, or still to come."""
    later = look.was.picture.later if look.was is not None else frozenset()
    for row in rows:
        if f"{row.name}.{row.n}" not in later:
            yield _timer(look, row)


def _timer(look: Look, row: Timer) -> Why:
    title, path = _named(look, row)
    name, key = f"{row.name}.{row.n}", str(path[-1])
    rule = look.definition.timers.get(row.name)
    has_ended = row.ended_at is not None and row.ended_at <= look.at
    when = moment_in_words(row.ended_at if has_ended and row.ended_at else _due(look, row), look.instance.time_zone)
    fired, event = last(look, "timer_fired", timer=row.name, n=row.n) if has_ended else (None, None)
    because = look.told(event) if event is not None else None
    said, verdict, note = _plain_ending(look, row, has_ended)
    if rule is None or rule.while_ is None:
        text, what = "" if rule is None else _spans(rule), _(said, timer=title, when=when)
        return Why("timer", name, what, verdict, key, text, look.place(*path), because=because, note=note)
    then = _when_it_fired(look, row, fired) if has_ended else look
    why = then.rule("timer", name, "", rule.while_, (*path, "while"), because=because)
    if has_ended and row.ending == "cancelled" and why.verdict is False and row.due_at <= (row.ended_at or look.at):
        said, note = N_("%(timer)s did not fire, because its condition did not hold, on %(when)s"), ""
    elif not has_ended:
        note = {
            True: _("As it is at this moment, it would fire"),
            False: _("As it is at this moment, it would not fire"),
            None: _("As it is at this moment, it is not yet known whether it would fire"),
        }[why.verdict]
    return replace(why, what=_(said, timer=title, when=when), verdict=verdict, note=note)


def _plain_ending(look: Look, row: Timer, has_ended: bool) -> tuple[str, bool | None, str]:
    if not has_ended:
        return N_("%(timer)s comes on %(when)s"), None, ""
    if row.ending == "fired":
        return N_("%(timer)s fired on %(when)s"), True, ""
    if row.ending == "missed":
        is_date = row.kind in ("overdue", "step_overdue")
        note = _("It was past already") if is_date else _("A newer one took its place while nothing ran")
        return N_("%(timer)s did not fire on %(when)s"), False, note
    closed = look.instance.closed_at
    note = (
        _("The task had ended")
        if closed is not None and row.ended_at == closed
        else _("What it was for had happened, or was planned anew")
    )
    return N_("%(timer)s was called off on %(when)s"), False, note


def _when_it_fired(look: Look, row: Timer, fired: Moment | None) -> Look:
    """What its condition found: the moment before it fired, or the one in which it was held back."""
    if fired is not None:
        return look.before(fired) or look
    moment = next((one for one in reversed(look.moments) if row.ended_at is not None and one.at <= row.ended_at), None)
    return (look.after(moment) if moment is not None else None) or look


def _due(look: Look, row: Timer) -> Any:
    """When it comes; the end and the due date of the whole move, and stand in the picture of the moment."""
    moved = {"deadline": look.instance.due_at, "expires": look.instance.expires_at}.get(row.name)
    return moved or row.due_at


def _named(look: Look, row: Timer) -> tuple[str, Path]:
    begin, _dot, step = row.name.partition(".")
    if row.name in look.definition.timers or begin not in OWN_TIMERS:
        return _("Timer “%(timer)s” number %(n)s", timer=row.name, n=row.n), ("timers", row.name)
    words, path = OWN_TIMERS[begin]
    rule = look.definition.steps.get(step)
    title = rule.title if rule is not None else step
    return _(words, step=title), tuple(part.format(name=step) for part in path)


def _spans(rule: Any) -> str:
    used = next(key for key in ("after", "before_due", "after_due", "every") if getattr(rule, key))
    return f"{used}: {', '.join(rule.spans)}"


# --- effects ----------------------------------------------------------------------------------------------------


class _Owed(NamedTuple):
    """Effects of one moment: how the timeline calls it, with which facts, and where they stand in the flow."""

    said: str
    kind: str
    facts: dict[str, Any]
    path: Path
    effects: Sequence[Effect]


def effects(look: Look) -> Iterator[Why]:
    """Every effect with a condition: whether it came about the last time that its moment came."""
    for owed in _all_owed(look):
        for number, effect in enumerate(owed.effects):
            if effect.if_ is not None:
                yield _effect(look, owed, number, effect)


def _effect(look: Look, owed: _Owed, number: int, effect: Effect) -> Why:
    path = (*owed.path, number, "if")
    moment, event = last(look, owed.kind, **owed.facts)
    name = f"{'.'.join(str(part) for part in owed.path)}.{number}"
    title = f"{_(EFFECTS[effect.kind])} {_about(effect)}".strip()
    if moment is None or event is None:
        said = _("%(effect)s: %(moment)s has not come yet", effect=title, moment=owed.said)
        why = look.rule("effect", name, said, effect.if_ or "", path)
        return replace(why, verdict=None, decided=())
    then = look.after(moment) or look
    scope = {**then.scope, "ask": event.facts.get("given", {})} if owed.kind == "acted" else then.scope
    why = then.rule("effect", name, "", effect.if_ or "", path, scope, because=look.told(event))
    said = N_("%(effect)s was owed at %(moment)s") if why.verdict else N_("%(effect)s was not owed at %(moment)s")
    return replace(why, what=_(said, effect=title, moment=owed.said))


def _about(effect: Effect) -> str:
    inner = getattr(effect, effect.kind)
    if effect.kind == "call":
        return str(inner)
    return inner.flow if effect.kind == "start" else getattr(inner, "template", "")


def _all_owed(look: Look) -> Iterator[_Owed]:
    definition = look.definition
    for event, several in definition.effects.items():
        kind, facts = _occasion(event)
        yield _Owed(event, kind, facts, ("effects", event), several)
    for name, step in definition.steps.items():
        yield _Owed(f"step.{name}.submitted", "step_submitted", {"step": name}, ("steps", name, "do"), step.do)
    for name, action in definition.actions.items():
        yield _Owed(_("action %(name)s", name=name), "acted", {"action": name}, ("actions", name, "do"), action.do)
    for name, timer in definition.timers.items():
        yield _Owed(_("timer %(name)s", name=name), "timer_fired", {"timer": name}, ("timers", name, "do"), timer.do)


def _occasion(event: str) -> tuple[str, dict[str, Any]]:
    """How the timeline tells of a moment: its kind, and the facts by which it is known."""
    begin, _dot, rest = event.partition(".")
    if begin == "entered":
        return "acted", {"after": rest}
    if begin == "step":
        step, _dot, what = rest.partition(".")
        return f"step_{what}", {"step": step, **({"enough": True} if what == "approved" else {})}
    return KIND_OF.get(event, event), {}
