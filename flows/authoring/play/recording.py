"""`baton flows record`: the life of a real instance as a story that can be played again, without its people (X32)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from flows import catalogue
from flows.access import read_as
from flows.actions import sealing
from flows.actions.scope import scope_of
from flows.actions.versions import definition_of
from flows.authoring.play.cast import CUSTOMERS
from flows.authoring.play.redacting import SAMPLE, Redactor
from flows.authoring.play.scenario import read_scenarios
from flows.authoring.play.telling import tell
from flows.catalogue import FlowDefinition
from flows.clock import clock
from flows.models import DepartmentMember, Review
from flows.queries import past
from flows.queries.past import AsItWas, Life
from flows.rules.actors import SYSTEM
from flows.rules.explaining import explain
from flows.rules.past import STEPS, EventLike, Moment, steps_of_today
from flows.rules.timing import local_date
from flows.work import end_reading

Entry = dict[str, Any]
UNPLAYED = frozenset({"step_added", "field_added"})
MOVES = frozenset({"instance_migrated", "migration_undone"})
"""What no deed of a scenario can do. Told is all of it under the names of today, whatever it was called then."""
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./@-]*( [A-Za-z0-9_./@-]+)*")
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off"})


@dataclass(frozen=True)
class Recorded:
    """The scenario file, and what did not come out when it was played at once; nothing when it plays as it was."""

    text: str
    failures: tuple[str, ...] = ()


def record(reference: str, file: str = "the story") -> Recorded:
    """Write down and play the life of an instance. Raises Invalid where its beginning was not recorded.

    `file` is where it will lie, as failures name it.
    """
    life = past.life_of(SYSTEM, reference)
    recorder = _Recorder(life, definition_of(read_as(SYSTEM), life.today))
    case = recorder.case()
    name, flow, notes = life.today.reference, life.today.flow, recorder.notes
    end_reading()
    text = _file(flow, name, case, notes)
    stories, problems = read_scenarios(text, file)
    if problems:
        return Recorded(text, tuple(problem.text() for problem in problems))
    return Recorded(text, tuple(str(one) for one in tell(catalogue.current(), stories[0]).failures))


@dataclass
class _Recorder:
    life: Life
    definition: FlowDefinition
    notes: list[str] = field(default_factory=list)
    cast: dict[int, str] = field(default_factory=dict)

    def case(self) -> Entry:
        moments = self.life.moments
        first = self.life.at(moments[0])
        self._call_in()
        self.redactor = self._redactor(first)
        start = self._start()
        deeds: list[Entry] = []
        expected: list[Entry] = []
        seen, now = first, first
        for place, moment in enumerate(moments[1:], 1):
            deed = self._deed(moment, now)
            now = self.life.at(moment)
            if deed is not None:
                deeds.append({"at": self._when(moment.at), **deed})
            is_last_of_its_time = place + 1 == len(moments) or moments[place + 1].at > moment.at
            if is_last_of_its_time and (change := self._changes(seen, now)):
                expected.append({"by": self._when(moment.at), **change})
                seen = now
        last = self.life.at(moments[-1])
        expected.append({**({"by": self._when(last.moment.at)}), **self._whole(last)})
        self.notes += self.redactor.notes
        return {"start": start, "do": deeds, "then": expected}

    def _redactor(self, first: AsItWas) -> Redactor:
        today = self.life.today
        scope = scope_of(read_as(SYSTEM), today, self.definition, clock.now())
        # Who begins it must be somebody else than who gets it where that was so: conditions may compare the two.
        others = first.instance.assignee_id not in (None, today.creator_id)
        begun_by_staff = self._kind(today.creator_id) == "staff"
        department = "second" if others and begun_by_staff else "first"
        began = local_date(today.created_at, today.time_zone)
        return Redactor(self.definition, scope, began, self._person, department)

    def _call_in(self) -> None:
        """Who of the stage plays whom: the one who began it first, everybody else as they appear."""
        today = self.life.today
        if today.source in ("staff", "onboarding") and self._kind(today.creator_id) == "staff":
            self.cast[today.creator_id or 0] = "agent"
        events = [event for moment in self.life.moments for event in moment.events]
        ids = [today.customer_id, *(getattr(event, "actor_id", None) for event in events)]
        ids += [event.facts.get("user_id") for event in events if event.kind == "assigned"]
        staff = {one for one in ids if self._kind(one) == "staff"}
        query = select(DepartmentMember.user_id).where(DepartmentMember.is_manager, DepartmentMember.user_id.in_(staff))
        managers = {*read_as(SYSTEM).scalars(query)}
        for user_id in ids:
            if user_id is not None and user_id not in self.cast:
                parts = CUSTOMERS if user_id not in staff else _manager_first(user_id in managers)
                self.cast[user_id] = self._free(parts)

    def _free(self, names: Sequence[str]) -> str:
        """The first part that nobody plays yet; with more people than parts the last is played by several."""
        return next((name for name in names if name not in self.cast.values()), names[-1])

    def _person(self, uid: str, names: Sequence[str]) -> str:
        """Who plays the one with this opaque id, among those of a department."""
        found = next((one for one in self.life.people.values() if one.uid == uid), None)
        known = self.cast.get(found.id) if found is not None else None
        return known if known is not None and known in names else self._free(names)

    def _kind(self, user_id: int | None) -> str:
        person = self.life.people.get(user_id or 0)
        return person.kind if person is not None else ""

    def _when(self, moment: datetime) -> str:
        """With its offset, so that the hour that comes twice is told apart."""
        return moment.astimezone(ZoneInfo(self.life.today.time_zone)).isoformat()

    # --- the beginning ------------------------------------------------------------------------------------------

    def _start(self) -> Entry:
        today, start = self.life.today, self.definition.start
        given = sealing.opened(start.questions, today.inputs)
        inputs = self.redactor.answers(start.inputs, given, "")
        fields = self.redactor.answers(start.fields, given, "data.")
        entry: Entry = {"event": start.event} if today.source == "event" else {today.source: True}
        entry |= {"at": self._when(today.created_at), "zone": today.time_zone}
        if today.source == "event":
            return entry | self._payload(inputs)
        if today.source != "customer":
            entry["inputs"] = inputs
            first = self.life.at(self.life.moments[0]).instance
            today_of = {step.name: self._names.get(step.id, step.name) for step in first.steps}
            amounts = {today_of.get(name, name): minor for name, minor in first.amounts.items()}
            entry |= {"amounts": amounts} if amounts else {}
        return entry | {"fields": fields}

    def _payload(self, inputs: Entry) -> Entry:
        """Of the event only the inputs are kept; where they do not say that it began, the stage makes one up."""
        condition = self.definition.start.if_
        if condition is None or explain(condition, inputs).verdict:
            return {"with": inputs}
        self.notes.append("the event that began it is made up, because the inputs alone would begin nothing")
        return {}

    # --- what was done ------------------------------------------------------------------------------------------

    def _deed(self, moment: Moment, was: AsItWas) -> Entry | None:
        """The deed of one piece of work: what somebody did, not what followed from it by itself."""
        kinds = {event.kind for event in moment.events}
        for event in moment.events:
            if event.kind == "instance_reopened" and kinds & {"step_reopened", "acted"}:
                continue  # it was taken up again by what is told beside it
            if event.kind in MOVES:
                self.notes.append(self._moved(event))
                return None
            if event.kind in UNPLAYED or self._is_gone(event):
                self.notes.append(f"not played: {event.kind.replace('_', ' ')} at {self._when(event.at)}")
                return None
            found = self._by_event(event, moment, was)
            if found is not None:
                return found
        return None

    def _moved(self, event: EventLike) -> str:
        was, now = event.facts["before"], event.facts["after"]
        moved = f"the move from version {was} to version {now} at {self._when(event.at)}"
        return f"not played: {moved}; the story is told with the names of today's version"

    def _is_gone(self, event: EventLike) -> bool:
        """Whether the flow of today does not have what was done any more."""
        name, action = self._step(event), event.facts.get("action")
        return bool(name and name not in self.definition.steps) or (
            event.kind == "acted" and action not in self.definition.actions
        )

    def _step(self, event: EventLike) -> str:
        """The step that an event is about, by its name of today."""
        return self._steps_of_events[event.seq]

    @cached_property
    def _steps_of_events(self) -> Mapping[int, str]:
        events = [event for moment in self.life.moments for event in moment.events]
        return {event.seq: name for event, name in zip(events, steps_of_today(events), strict=True)}

    @cached_property
    def _names(self) -> Mapping[int, str]:
        """The names of today by the row ids of steps."""
        return {step.id: step.name for step in self.life.today.steps}

    def _by_event(self, event: EventLike, moment: Moment, was: AsItWas) -> Entry | None:
        facts, kind = event.facts, getattr(event, "actor_kind", "system")
        if event.kind == "payment_received":
            return self._as("customer", "pay", self._step_of_payment(moment))
        if event.kind == "payment_failed":
            return self._as("customer", "decline", self._step_titled(facts["title"]))
        if kind == "system":
            return None
        who = self.cast.get(getattr(event, "actor_id", None) or 0, "agent")
        match event.kind:
            case "step_submitted":
                return self._sent(event, who, kind)
            case "step_approved":
                return self._as(who, "approve", self._step(event))
            case "step_returned":
                today_of = {then: name for name, then in was.picture.renamed.items()}
                remarks = {today_of.get(name, name): SAMPLE for name in facts["fields"]}
                more = {"remarks": remarks} if remarks else {}
                return self._as(who, "return", self._step(event), message=SAMPLE, **more)
            case "step_reopened":
                return self._as(who, "reopen", self._step(event), **({"reason": SAMPLE} if facts["reason"] else {}))
            case "step_confirmed":
                return self._as(who, "confirm", self._step(event))
            case "acted":
                return self._acted(event, was)
            case "instance_completed" | "instance_closed" if not facts["automatic"]:
                return self._ended(event, who)
            case "instance_cancelled":
                return self._as("customer" if kind == "customer" else who, "cancel", SAMPLE)
            case "instance_reopened":
                return self._as(who, "revive", SAMPLE, **self._revived(moment))
            case "expiry_extended":
                return self._as(who, "extend", True, **self._until(facts["expires_at"]), reason=SAMPLE)
            case "due_date_changed":
                return self._as(who, "due", True, **self._until(facts["due_at"]))
            case "amount_changed":
                return self._as(who, "amount", self._step(event), data={"minor": facts["after_minor"]})
            case "linked":
                return self._as(who, "link", facts["link"], data={"to": "sample"})
            case "unlinked":
                return self._as(who, "unlink", facts["link"], reason=SAMPLE)
            case "assigned":
                return self._assigned(event, who)
            case "message_sent":
                return self._as(who, "say", SAMPLE)
            case "commented" | "commented_internally":
                return self._as(who, "write", SAMPLE)
            case "rated":
                return self._as(who, "rate", str(facts["score"]))
        return None

    @staticmethod
    def _as(who: str, verb: str, thing: Any, **more: Any) -> Entry:
        return {"as": who, verb: thing, **more}

    def _sent(self, event: EventLike, who: str, kind: str) -> Entry:
        name, attempt = self._step(event), event.facts["attempt"]
        step = next(one for one in self.life.today.steps if one.name == name)
        fields = self.definition.steps[name].fields
        given = sealing.opened(fields, self.life.sent.get((step.id, attempt), {}))
        self.redactor.today = local_date(event.at, self.life.today.time_zone)
        verb = "answer_for" if kind == "staff" and step.actor == "customer" else "submit"
        return self._as(who, verb, name, data=self.redactor.answers(fields, given, "data."))

    def _acted(self, event: EventLike, was: AsItWas) -> Entry:
        """By whoever stands there in the story as they stood there in life, so that the flow lets them."""
        facts, actor_id, instance = event.facts, getattr(event, "actor_id", None), was.instance
        rule = self.definition.actions[facts["action"]]
        standing = {"assignee": instance.assignee_id, "creator": instance.creator_id}
        who = next((word for word, one in standing.items() if one == actor_id and word in rule.by), "manager")
        if self._kind(actor_id) == "customer":
            who = self.cast.get(actor_id or 0, "customer")
        given = sealing.opened(rule.fields, facts.get("given", {}))
        data = self.redactor.answers(rule.fields, given, "ask.")
        more: Entry = {"data": data} if rule.fields else {}
        more |= {"comment": SAMPLE} if facts["comment"] else {}
        return self._as(who, "act", facts["action"], **more)

    def _ended(self, event: EventLike, who: str) -> Entry | None:
        """A request is ended with an outcome, or closed at a step that is reviewed."""
        if self.life.today.state is not None:
            return None
        query = select(Review.step_id).where(
            Review.instance_id == self.life.today.id, Review.decision == "closed", Review.at == event.at
        )
        closed = read_as(SYSTEM).scalar(query)
        if closed is None:
            return self._as(who, "end", event.facts["outcome"])
        step = next(one.name for one in self.life.today.steps if one.id == closed)
        return self._as(who, "close_request", step, data={"outcome": event.facts["outcome"]}, reason=SAMPLE)

    def _assigned(self, event: EventLike, who: str) -> Entry:
        user_id = event.facts.get("user_id")
        if user_id is not None and user_id == getattr(event, "actor_id", None):
            return self._as(who, "take", True)
        return self._as(who, "assign", self.cast[user_id] if user_id is not None else "nobody")

    def _until(self, moment: str) -> Entry:
        return {"until": self._when(datetime.fromisoformat(moment))} if moment else {}

    def _revived(self, moment: Moment) -> Entry:
        """Its new end, where it was given one."""
        _, after = (moment.traces or {}).get("expires_at", (None, None))
        return self._until(after or "")

    def _step_of_payment(self, moment: Moment) -> str:
        done = [self._step(event) for event in moment.events if event.kind == "step_completed"]
        paid = self._paid
        return next((name for name in done if name in paid), "") or self._step_titled("")

    def _step_titled(self, title: str) -> str:
        titled = [name for name in self._paid if self.definition.steps[name].title == title]
        return [*titled, *self._paid][0]

    @cached_property
    def _paid(self) -> Sequence[str]:
        return [name for name, step in self.definition.steps.items() if step.payment is not None]

    # --- what must be true --------------------------------------------------------------------------------------

    def _changes(self, before: AsItWas, now: AsItWas) -> Entry:
        was, found = _facts(before), self._known(now)
        changed: Entry = {name: value for name, value in found.items() if was[name] != value}
        earlier = self._states(before)
        steps = {name: state for name, state in self._states(now).items() if earlier.get(name) != state}
        return changed | ({STEPS: steps} if steps else {})

    def _whole(self, last: AsItWas) -> Entry:
        steps = self._states(last)
        return self._known(last) | ({STEPS: steps} if steps else {})

    def _states(self, was: AsItWas) -> dict[str, str]:
        """Of its steps that are there today, by their names of today."""
        return {self._names[step.id]: step.state for step in was.instance.steps if step.id in self._names}

    def _known(self, was: AsItWas) -> Entry:
        """A state that the flow of today does not have would be none in the story."""
        facts = {name: value for name, value in _facts(was).items() if value is not None}
        if facts.get("state") not in self.definition.states:
            facts.pop("state", None)
        return facts


def _manager_first(is_manager: bool) -> Sequence[str]:
    """A manager works in both departments of the stage, everybody else in one."""
    return ("manager", "agent", "reviewer") if is_manager else ("agent", "reviewer", "manager")


def _facts(was: AsItWas) -> Entry:
    instance = was.instance
    return {
        "status": instance.status, "state": instance.state, "outcome": instance.outcome,
        "waiting_on": instance.waiting_on or "nobody",
    }  # fmt: skip


# --- as a file --------------------------------------------------------------------------------------------------


def _file(flow: str, name: str, case: Entry, notes: Sequence[str]) -> str:
    lines = [f"# {name}, recorded; answers are samples."]
    lines += [f"# {note}" for note in dict.fromkeys(notes)]
    lines += [f"flow: {flow}", "cases:", f"  {name}:", f"    start: {_flow(case['start'])}"]
    for key in ("do", "then"):
        if case[key]:
            lines += [f"    {key}:", *(f"      - {_flow(one)}" for one in case[key])]
    return "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    """A value as YAML on one line: words plain where they mean the same, everything else as JSON has it."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(str(key))}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(one) for one in value) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)
