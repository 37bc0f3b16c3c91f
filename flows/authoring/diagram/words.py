"""What stands in a flow file, said in words: conditions, clocks, and what happens by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from flows.catalogue.schema import (
    AssignEffect,
    CallEffect,
    Deadline,
    Effect,
    EmailEffect,
    FlowDefinition,
    NotifyEffect,
    StartEffect,
    Timer,
)
from flows.rules.cel_words import Word, words
from flows.rules.people import in_words
from flows.rules.words import listed, span_in_words, spans_in_words

SIGNS = {
    "==": "is", "!=": "is not", "<": "is less than", ">": "is more than", "<=": "is at most", ">=": "is at least",
    "&&": "and", "||": "or", "!": "not", "*": "×", "/": "÷", "-": "−", "in": "is one of", "true": "yes", "false": "no",
    "null": "nothing",
}  # fmt: skip
OF_THE_INSTANCE = {
    "instance.open": "it is open", "instance.overdue": "it is overdue", "instance.waiting_on": "it waits for",
    "instance.state": "the stage", "instance.status": "the status", "instance.due_at": "the due date",
    "instance.created_at": "its creation", "now": "now", "assignee.id": "the assignee", "creator.id": "the creator",
    "customer.id": "the customer", "actor.id": "whoever acts",
}  # fmt: skip
WAITS_FOR = {"customer": "the customer", "staff": "staff", "system": "the system"}
SENTENCES = {
    'assignee.id != ""': "somebody is assigned", 'assignee.id == ""': "nobody is assigned",
    "assignee.id != creator.id": "somebody else than its creator is assigned",
    "assignee.id == creator.id": "its creator is assigned",
}  # fmt: skip


def condition_in_words(definition: FlowDefinition, condition: str) -> str:
    """A CEL condition as a sentence without its capital: `data.pets == true` is “Do you have pets?” is yes."""
    return _Reader(definition, list(words(condition))).read()


class _Reader:
    """One pass over the words of a condition; names become labels, values the words of their options."""

    def __init__(self, definition: FlowDefinition, found: list[Word]) -> None:
        self.definition, self.found, self.at = definition, found, 0
        self.bound: dict[str, str] = {}
        self.options: Mapping[str, str] = {}

    def read(self) -> str:
        said: list[str] = []
        while self.at < len(self.found):
            said.append(self._next())
        return _joined(said)

    def _next(self) -> str:
        word = self._peek()
        if sentence := self._whole_sentence():
            return sentence
        if word.kind == "name" and word.text not in SIGNS:
            return self._name()
        self.at += 1
        if word.kind == "text":
            return self._value(word.text.strip("\"'"))
        if word.text == "-" and self._peek().kind == "number":
            return self._minus()
        if word.text == "!" and self._peek().text == "child":
            return self._name().replace(" is open", " has ended")
        return SIGNS.get(word.text, word.text)

    def _minus(self) -> str:
        """A sign before a number belongs to it, after one it takes away."""
        before = self.found[self.at - 2] if self.at > 1 else Word("mark", "", 0)
        if before.kind in ("name", "number") or before.text == ")":
            return SIGNS["-"]
        self.at += 1
        return f"−{self.found[self.at - 1].text}"

    def _peek(self, ahead: int = 0) -> Word:
        at = self.at + ahead
        return self.found[at] if at < len(self.found) else Word("end", "", 0)

    def _whole_sentence(self) -> str:
        for condition, sentence in SENTENCES.items():
            meant = [word.text for word in words(condition)]
            if [self._peek(n).text for n in range(len(meant))] == meant:
                self.at += len(meant)
                return sentence
        return ""

    def _name(self) -> str:
        """A dotted name with what follows it: a call, a loop over its entries, or nothing."""
        path = [self._take()]
        while self._peek().text == "." and self._peek(1).kind == "name":
            self.at += 1
            if self._peek(1).text == "(":
                return self._call(path, self._take())
            path.append(self._take())
        if self._peek().text == "(" and len(path) == 1:
            return self._call([], path[0])
        return self._label(path)

    def _call(self, path: list[str], called: str) -> str:
        self.at += 1
        if called == "has":
            return f"{self._inside()} is there"
        if called in ("exists", "all", "exists_one") and self._peek().kind == "name":
            variable = self._take()
            self.bound[variable] = ""
            self.at += 1
            each = {"exists": "one", "all": "each", "exists_one": "just one"}[called]
            return f"for {each} of the {self._label(path)}, {self._inside()}"
        subject = self._label(path) if path else ""
        return f"{subject} {called.replace('_', ' ')} ({self._inside()})".strip()

    def _inside(self) -> str:
        """Up to the bracket that closes the call."""
        said, depth = [], 1
        while self.at < len(self.found):
            text = self._peek().text
            depth += (text == "(") - (text == ")")
            if depth == 0:
                self.at += 1
                break
            said.append(self._next())
        return _joined(said)

    def _take(self) -> str:
        self.at += 1
        return self.found[self.at - 1].text

    def _label(self, path: list[str]) -> str:
        dotted, flow = ".".join(path), self.definition
        self.options = {}
        if dotted in OF_THE_INSTANCE:
            self.options = WAITS_FOR if dotted == "instance.waiting_on" else {}
            return self._without_is(dotted)
        if path[0] in self.bound:
            return _plain(path[1:]) or "it"
        if path[0] == "data" and len(path) > 1:
            return self._answer(path[1], path[2:])
        if path[0] == "ask" and len(path) > 1:
            asked = {name: field for action in flow.actions.values() for name, field in action.fields.items()}
            return _quoted(asked[path[1]].label) if path[1] in asked else _plain(path[1:])
        if path[0] == "child" and len(path) > 2:
            return self._child(path[1], path[2])
        if path[0] == "links" and len(path) > 1 and path[1] in flow.links:
            return _quoted(flow.links[path[1]].label)
        if path[0] in flow.start.inputs:
            label = flow.start.inputs[path[0]].label
            return _quoted(label) if len(path) == 1 else f"{label[:1].lower()}{label[1:]} {_plain(path[1:])}"
        return _plain(path)

    def _child(self, name: str, what: str) -> str:
        """ "the gas visit is completed", "the gas visit is open"."""
        said = f"the {_plain([name])}"
        return said if what == "status" else f"{said} is open" if what == "open" else f"{said} {_plain([what])}"

    def _without_is(self, dotted: str) -> str:
        """ "it waits for the customer", not "it waits for is the customer"."""
        if dotted == "instance.waiting_on" and self._peek().text == "==":
            self.at += 1
        return OF_THE_INSTANCE[dotted]

    def _answer(self, name: str, more: list[str]) -> str:
        field = self.definition.all_fields().get(name)
        if field is not None:
            self.options = field.options or {}
            return _quoted(field.label) + (f" {_plain(more)}" if more else "")
        step = self.definition.steps.get(name)
        said = _quoted(step.title) if step is not None else _plain([name])
        return f"{said} is {_plain(more)}" if more else said

    def _value(self, text: str) -> str:
        if text == "":
            return "empty"
        return self.options.get(text, text)


def _joined(said: Iterable[str]) -> str:
    text = " ".join(part for part in said if part)
    for loose, tight in (("( ", "("), (" )", ")"), ("[ ", ""), (" ]", ""), (" ,", ","), (" . ", ".")):
        text = text.replace(loose, tight)
    return text


def _quoted(label: str) -> str:
    return f"“{label}”"


def _plain(path: Iterable[str]) -> str:
    return " ".join(part.replace("_", " ") for part in path)


# --- clocks -----------------------------------------------------------------------------------------------------


def deadline_in_words(deadline: Deadline, since: str = "the start") -> str:
    """ "10 working days after the start, at the end of the day"."""
    return f"{span_in_words(deadline.after)} after {since}{_hour(deadline.time)}"


def timer_in_words(definition: FlowDefinition, timer: Timer) -> str:
    """When it fires, while what holds, and what it does."""
    since = _since(definition, timer.from_)
    if timer.every:
        span = span_in_words(timer.every)
        when = f"every {span.removeprefix('1 ')}" + (f" from {since}" if timer.from_ else "")
    elif timer.after:
        when = f"{spans_in_words(timer.after)} after {since}"
    else:
        spans, side = (timer.before_due, "before") if timer.before_due else (timer.after_due or (), "after")
        nothing = [span for span in spans if span[0] == "0"]
        when = "when it is due" if list(spans) == nothing else f"{spans_in_words(spans)} {side} it is due"
    condition = f", while {condition_in_words(definition, timer.while_)}" if timer.while_ else ""
    return f"{when}{_hour(timer.time)}{condition}: {effects_in_words(timer.do)}"


def _since(definition: FlowDefinition, event: str | None) -> str:
    kind, _, rest = (event or "created").partition(".")
    if kind == "step":
        name, _, happened = rest.partition(".")
        step = definition.steps.get(name)
        return f"“{step.title if step else name}” is {happened}"
    if kind == "entered":
        return f"it becomes {state_words(definition, rest)}"
    return "the start"


def _hour(time: str | None) -> str:
    if time is None:
        return ""
    return ", at the end of that day" if time == "end" else f", at {time}"


# --- what happens, and names --------------------------------------------------------------------------------------


def effects_in_words(effects: Iterable[Effect]) -> str:
    """ "mail case/resolved, call orders.cancel"."""
    return listed([_effect(effect) for effect in effects])


def children_in_words(definition: FlowDefinition, effects: Iterable[Effect]) -> Iterator[str]:
    """A sentence for each flow that they start: "Starts gas-visit, if the boiler is old"."""
    for effect in effects:
        if isinstance(effect, StartEffect):
            condition = f", if {condition_in_words(definition, effect.if_)}" if effect.if_ else ""
            yield f"Starts {effect.start.flow}{condition}"


def calls_in_words(effects: Iterable[Effect]) -> str:
    """The plugin actions among them; empty when there are none."""
    return listed([effect.call for effect in effects if isinstance(effect, CallEffect)])


def _effect(effect: Effect) -> str:
    if isinstance(effect, EmailEffect):
        return f"mail {effect.email.template}" + (f" to {in_words(effect.email.to)}" if effect.email.to else "")
    if isinstance(effect, NotifyEffect):
        return f"tell {in_words(effect.notify.to or ('customer',))}"
    if isinstance(effect, CallEffect):
        return f"call {effect.call}"
    if isinstance(effect, StartEffect):
        return f"start {effect.start.flow}"
    if isinstance(effect, AssignEffect):
        return "assign it anew"
    return {"notice": "a notice", "message": "a message"}.get(effect.kind, f"a {effect.kind}")


def state_words(definition: FlowDefinition, name: str) -> str:
    """What staff read for a state."""
    state = definition.states.get(name)
    return (state.label or name) if state is not None else name


def starts_in_words(definition: FlowDefinition) -> list[str]:
    """Every way in, as a sentence without its capital."""
    start = definition.start
    event = start.event.replace(".", " ").replace("_", " ") if start.event else ""
    condition = f", if {condition_in_words(definition, start.if_)}" if start.if_ else ""
    ways = (
        (start.staff, "staff assign it"),
        (start.customer, "the customer asks for it"),
        (start.onboarding, "somebody accepts an invitation"),
        (bool(event), f"the event “{event}” happens{condition}"),
    )
    return [words for holds, words in ways if holds]


def questions(count: int) -> str:
    return f"{count} question{'' if count == 1 else 's'}" if count else ""
