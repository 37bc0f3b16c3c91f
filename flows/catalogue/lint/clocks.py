"""Time: spans and calendars that exist, timers that somebody will see."""

from __future__ import annotations

from flows.catalogue.lint.report import Report
from flows.catalogue.lint.structure import check_event, exactly_one
from flows.catalogue.problems import cure_among
from flows.catalogue.schema import Deadline, FlowDefinition, Timer
from flows.catalogue.source import Path
from flows.rules.timing import calendar_names, parse_span

MINUTES = {"m": 1, "h": 60, "d": 1440, "w": 10_080}


def check_clocks(definition: FlowDefinition, report: Report) -> None:
    """Deadlines, the end, timers, escalations."""
    _check_calendar(definition.deadline, ("deadline",), report)
    _check_calendar(definition.expires, ("expires",), report)
    for name, step in definition.steps.items():
        _check_calendar(step.deadline, ("steps", name, "deadline"), report)
    for name, timer in definition.timers.items():
        _check_timer(timer, ("timers", name), definition, report)
    _check_order(definition, report)


def _check_calendar(clock: Deadline | Timer | None, path: Path, report: Report) -> None:
    if clock and clock.calendar and clock.calendar not in calendar_names():
        cure = cure_among(clock.calendar, calendar_names(), "calendars")
        report.at_value("F301", (*path, "calendar"), f"there is no calendar '{clock.calendar}'", cure)


def _check_timer(timer: Timer, path: Path, definition: FlowDefinition, report: Report) -> None:
    keys = {"after": timer.after, "before_due": timer.before_due, "after_due": timer.after_due, "every": timer.every}
    exactly_one(keys, path, report)
    _check_calendar(timer, path, report)
    if timer.from_ and timer.from_ != "created":
        check_event(timer.from_, (*path, "from"), definition, report)
    for key in ("before_due", "after_due"):
        if keys[key] and not definition.deadline and not timer.from_:
            report.at_key("F312", (*path, key), "this flow has no deadline, so the timer never fires", "add 'deadline'")
    for key, spans in (("after", timer.after), ("before_due", timer.before_due), ("after_due", timer.after_due)):
        _check_ascending(spans or (), key == "before_due", (*path, key), report)
    if timer.every and parse_span(timer.every).amount == 0:
        report.at_value("F315", (*path, "every"), "a timer cannot fire every 0 seconds")
    if timer.after and not timer.from_ and definition.expires:
        for n, span in enumerate(timer.after):
            _check_against_end(span, timer.time, definition.expires, (*path, "after", n), report)
    if timer.before_due and definition.deadline:
        for n, span in enumerate(timer.before_due):
            if shortest(span) >= longest(definition.deadline.after):
                message = f"due {definition.deadline.after} after the creation, so this fires before it"
                report.at_value("F313", (*path, "before_due", n), message, "", "warning")


def _check_ascending(spans: tuple[str, ...], backwards: bool, path: Path, report: Report) -> None:
    """A list out of order works, but is most often a slip in a number or unit."""
    for n in range(1, len(spans)):
        earlier, later = (n, n - 1) if backwards else (n - 1, n)
        if shortest(spans[earlier]) >= longest(spans[later]):
            message = f"'{spans[n]}' does not come after '{spans[n - 1]}'"
            report.at_value("F316", (*path, n), message, "", "warning")


def _check_against_end(span: str, time: str | None, end: Deadline, path: Path, report: Report) -> None:
    at_or_after = f"fires at or after the flow expires ({end.after}); nobody will see it"
    if shortest(span) > longest(end.after):
        report.at_value("F310", path, at_or_after)
    elif span == end.after and (time or "") >= (end.time or ""):
        if time and not end.time and time != "end":
            message = f"on the last day the flow ends at the hour it was created, perhaps before {time}"
            report.at_value("F311", path, message, "give 'expires' a time: end", "warning")
        else:
            report.at_value("F310", path, at_or_after)


def _check_order(definition: FlowDefinition, report: Report) -> None:
    if (
        definition.deadline
        and definition.expires
        and shortest(definition.deadline.after) > longest(definition.expires.after)
    ):
        report.at_value("F314", ("deadline", "after"), f"due after the flow has expired ({definition.expires.after})")


def shortest(span: str) -> int:
    """The least number of minutes a span can take; five working days are never less than a week."""
    found = parse_span(span)
    return (found.amount + 2 * (found.amount // 5)) * 1440 if found.unit == "wd" else found.amount * MINUTES[found.unit]


def longest(span: str) -> int:
    """The most minutes a span takes without holidays."""
    found = parse_span(span)
    return shortest(span) + 2 * 1440 if found.unit == "wd" else found.amount * MINUTES[found.unit]
