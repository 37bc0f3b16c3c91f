"""A change to one request or to many: asked about with what will happen, done one by one, told with every refusal (X8).

Each request is a piece of work of its own, as if it were changed from its page: in the name and with the rights of
whoever asks, now. After two hundred the page says how far it is and goes on with a button, so that whoever began sees
it and can stop, and nothing runs on that nobody watches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any

from flask import flash, g, redirect, request
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from admin.asking import Field, Question, go_on, typed_in
from admin.guard import StaffView
from admin.instance_filters import PATH, Asked
from admin.narrowing import LONGEST_QUERY
from admin.showing import show, title_of
from flows import access
from flows.actions import assigning, closing, firing, replaying
from flows.clock import clock
from flows.models import Instance
from flows.models.instances import instance_id_from
from flows.queries import instances
from flows.queries.instances import Agent
from flows.rules import timing
from flows.rules.actors import Actor
from flows.rules.errors import BatonError, Invalid
from flows.words import gettext as _
from flows.words import ngettext
from flows.work import Work, unit_of_work

AT_ONCE, MOST = 200, 1000
NAMED = 10
EXPORT = "export"
Act = Callable[[Work, Instance, Mapping[str, Any]], None]


@dataclass(frozen=True)
class Change:
    """What can be done with the chosen ones: its words, the permission of its verb, what it asks, the verb.

    `heading` where the words do not make one by themselves.
    """

    words: str
    needs: str
    act: Act
    done: str
    fields: Callable[[Sequence[Agent]], tuple[Field, ...]] = lambda _agents: ()
    text: str = ""
    tone: str = "go"
    button: str = ""
    heading: str = ""


def _take(work: Work, instance: Instance, _typed: Mapping[str, Any]) -> None:
    assigning.take(work, instance)


def _assign(work: Work, instance: Instance, typed: Mapping[str, Any]) -> None:
    assigning.assign(work, instance, access.colleague_named(work, typed["assignee"], "/assignee"), typed["note"])


def _unassign(work: Work, instance: Instance, typed: Mapping[str, Any]) -> None:
    assigning.assign(work, instance, None, typed["note"])


def _change_due(work: Work, instance: Instance, typed: Mapping[str, Any]) -> None:
    """To the end of a day where the customer lives."""
    try:
        noon = datetime.combine(date.fromisoformat(typed["due_at"]), time(12), timing.zone_named(instance.time_zone))
        moment = timing.add(noon, timing.Span(0, "d"), instance.time_zone, time=timing.END)
    except (ValueError, OverflowError):
        raise Invalid(_("Enter a day, like 2026-11-30"), "/due_at", "date") from None
    closing.change_due(work, instance, moment, typed["reason"])


def _remind(work: Work, instance: Instance, _typed: Mapping[str, Any]) -> None:
    firing.remind_now(work, instance)


def _cancel(work: Work, instance: Instance, typed: Mapping[str, Any]) -> None:
    closing.cancel_request(work, instance, typed["reason"])


NOTE = Field("note", _l("Note"), "textarea", hint=_l("Stands in the history, where colleagues read it"), optional=True)
CHANGES = {
    "take": Change(_l("Assign to me"), "assign", _take, _l("Assigned to you")),
    "assign": Change(
        _l("Assign to…"), "assign", _assign, _l("Assigned"),
        lambda agents: (Field("assignee", _("Colleague"), "select", options=_names(agents)), NOTE),
        heading=_l("Assign"),
    ),
    "unassign": Change(_l("Unassign"), "assign", _unassign, _l("Assigned to nobody"), lambda _agents: (NOTE,)),
    "due": Change(
        _l("Change due date…"), "create", _change_due, _l("Due date changed"),
        lambda _agents: (
            Field("due_at", _("New due date"), "date", hint=_("Until the end of that day, where the customer lives")),
            Field("reason", _("Reason"), optional=True, hint=_("Stands in the history, where the customer reads it")),
        ),
        _l("Reminders that count from the due date move with it."),
    ),
    "remind": Change(
        _l("Send reminder…"), "message", _remind, _l("Reminder sent"),
        text=_l("The reminder of each flow goes out at once; the planned ones stay."),
    ),
    "cancel": Change(
        _l("Cancel…"), "cancel", _cancel, _l("Cancelled"),
        lambda _agents: (Field("reason", _("Reason"), "textarea", hint=_("The customer reads it")),),
        _l("The customers are told."), "bad", _l("Cancel what is open"),
    ),
}  # fmt: skip


def offered(actor: Actor) -> dict[str, str]:
    """What this person may do with the chosen ones, and the words for it."""
    return {name: one.words for name, one in CHANGES.items() if actor.may(one.needs)} | {EXPORT: _("Export CSV")}


def answer(view: StaffView) -> Response:
    """GET asks; POST does it, or the next part of it."""
    sent = request.form if request.method == "POST" else request.args
    agents = instances.agents(g.actor)
    asked = Asked.of_text(sent.get("of", "")[:LONGEST_QUERY], agents)
    what = sent.get("what", "")
    if what == EXPORT:
        return redirect(_file_of(sent, asked), 303)
    change, rows = CHANGES.get(what), _chosen(sent, asked)
    if change is None or not rows:
        words = (
            _("Choose what to do with them.") if rows else _("Choose at least one request, then what to do with it.")
        )
        if request.method == "POST":
            flash(words, "warn")
            return redirect(asked.address(), 303)
        return _refused(view, words, asked)
    access.require(g.actor, change.needs)
    if len(rows) > MOST:
        words = _(
            "More than %(most)s requests fit. Narrow the filters, and change them in parts.", most=format(MOST, ",")
        )
        return _refused(view, words, asked, 422)
    question = _question(what, change, rows, agents, asked)
    if request.method != "POST":
        return show(view, "ask.html", question=question, problems={})
    return _do(view, change, question, rows)


def ids_of(references: Iterable[str]) -> list[int]:
    """The rows that references name, each once; what is none is left out."""
    found = (instance_id_from(reference.strip()) for reference in references)
    return [row_id for row_id in dict.fromkeys(found) if row_id is not None and row_id < 2**31][: MOST + 1]


def _chosen(sent: MultiDict[str, str], asked: Asked) -> Sequence[Instance]:
    """All that the filters fit, or those that were ticked; one more than is changed says that there are too many."""
    if sent.get("all") == "1":
        return instances.everything(g.actor, asked.now, asked.filters, MOST + 1)
    ids = ids_of([*sent.getlist("ref"), *sent.get("refs", "").split(",")])
    return instances.chosen(g.actor, ids) if ids else []


def _file_of(sent: MultiDict[str, str], asked: Asked) -> str:
    chosen = [] if sent.get("all") == "1" else [f"ref={one}" for one in sent.getlist("ref") if instance_id_from(one)]
    return f"{PATH}export/csv/?{'&'.join(filter(None, [asked.text, *chosen]))}"


def _refused(view: StaffView, words: str, asked: Asked, status: int = 200) -> Response:
    return show(view, "bulk.html", status, title=_("Nothing was changed"), problem=words, back=asked.address())


def _question(what: str, change: Change, rows: Sequence[Instance], agents: Sequence[Agent], asked: Asked) -> Question:
    named = [f"{one.reference} {title_of(one)}, {one.customer_name}" for one in rows[:NAMED]]
    named += [_("and %(many)s more", many=format(len(rows) - NAMED, ","))] if len(rows) > NAMED else []
    hidden = {"what": what, "refs": ",".join(one.reference for one in rows), "of": asked.text}
    words = change.heading or change.words.removesuffix("…")
    return Question(
        f"{words}: {counted(len(rows)) if len(rows) > 1 else rows[0].reference}",
        asked.address(),
        change.button or words,
        text=f"{_forecast(what, rows)} {change.text}".strip(),
        facts=((_("Requests") if len(rows) > 1 else _("Request"), "\n".join(named)),),
        fields=(*change.fields(agents), *(Field(name, "", "hidden", value) for name, value in hidden.items())),
        tone=change.tone,
        done=change.done,
    )


def _forecast(what: str, rows: Sequence[Instance]) -> str:
    """What will happen, as far as the list can tell; the verb decides when it comes to each."""
    now = clock.now()
    ended = sum(not one.is_running(now) for one in rows)
    alike = {"take": g.actor.user_id, "unassign": None}
    same = sum(one.is_running(now) and what in alike and one.assignee_id == alike[what] for one in rows)
    told = [_("%(requests)s will change", requests=counted(len(rows) - ended - same))]
    if ended:
        told.append(ngettext("%(num)s is closed and will be skipped", "%(num)s are closed and will be skipped", ended))
    if same:
        told.append(ngettext("%(num)s is so already", "%(num)s are so already", same))
    return "; ".join(told) + "."


def _do(view: StaffView, change: Change, question: Question, rows: Sequence[Instance]) -> Response:
    """The next of them, each for itself; an answer that is wrong for the first is wrong for all and asked again."""
    typed = typed_in(question)
    count, refused = _so_far()
    done = 0
    for row in rows[:AT_ONCE]:
        try:
            _change_one(change, row.reference, typed)
        except Invalid as invalid:
            if not done and not count:
                kept = tuple(replace(one, value=typed[one.name]) for one in question.fields)
                again = replace(question, fields=kept)
                return show(view, "ask.html", 422, question=again, problems=invalid.by_field())
            refused.append(f"{row.reference}: {invalid.detail}")
        except BatonError as error:
            refused.append(f"{row.reference}: {error.detail}")
        else:
            done += 1
    rest = [row.reference for row in rows[AT_ONCE:]]
    if not rest and not refused:
        whom = rows[0].reference if count + done == 1 else counted(count + done)
        return go_on(question.back, f"{change.done}: {whom}.")
    return _told(view, question, typed, count + done, refused, rest)


def _change_one(change: Change, reference: str, typed: Mapping[str, Any]) -> None:
    with unit_of_work(g.actor) as work:

        def act() -> str:
            change.act(work, access.instance_to_change(work, reference), typed)
            return reference

        # Each request remembers this form for itself: sent again after a break it changes only what it had not reached.
        key, sent = request.form.get("_key", ""), request.form.items(multi=True)
        replaying.once(work, replaying.Form(key, f"POST {PATH}bulk/{reference}", sent), act)


def _so_far() -> tuple[int, list[str]]:
    """What earlier parts have come to, as their page said."""
    count = request.form.get("changed", "")
    known = count.isascii() and count.isdigit() and len(count) < 6
    return int(count) if known else 0, [access.clean(line)[:300] for line in request.form.getlist("refused")][:MOST]


def _told(
    view: StaffView, question: Question, typed: Mapping[str, Any], count: int, refused: list[str], rest: list[str]
) -> Response:
    """How it went, with a button for the rest."""
    kept = {**{one.name: typed[one.name] for one in question.fields}, "refs": ",".join(rest)}
    return show(
        view,
        "bulk.html",
        title=f"{question.done}: {counted(count)}",
        back=question.back,
        refused=[line.partition(": ")[::2] for line in refused],
        kept=[*kept.items(), ("changed", str(count)), *(("refused", line) for line in refused)],
        done=count + len(refused),
        rest=len(rest),
        button=question.button,
    )


def _names(agents: Sequence[Agent]) -> dict[str, str]:
    return {one.uid: one.name for one in agents if one.is_active}


def counted(count: int) -> str:
    return ngettext("%(many)s request", "%(many)s requests", count, many=format(count, ","))
