"""Flows: which are served, how they do and who may start them; and which files are not, with the place to mend (A9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import g, request
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from admin.asking import Field, Question, ask, go_on
from admin.guard import door
from admin.instance_words import PARTY_WORDS
from admin.showing import Tag, show
from admin.views.flow_trials import FlowTrials, loaded_flow, shown_flow
from admin.views.flow_versions import VersionPages
from flows import catalogue
from flows.actions import switching, versions
from flows.authoring import diagram
from flows.authoring.diagram.words import questions, starts_in_words
from flows.catalogue import LoadedFlow
from flows.catalogue.coverage import coverage
from flows.catalogue.lint import EXPLANATIONS
from flows.catalogue.problems import FlowProblem
from flows.clock import clock
from flows.models import FlowSwitch
from flows.queries import durations, flow_figures, startable, versions_in_use
from flows.queries.flow_figures import Figures
from flows.queries.versions_in_use import InUse
from flows.rules import durations as spans
from flows.rules import ratings, stages
from flows.rules.words import duration_in_words
from flows.words import gettext as _
from flows.words import ngettext
from flows.work import Work, unit_of_work

SAID = {"active": _l("Active"), "assignable": _l("Assignable"), "requestable": _l("Requestable")}
COLUMN_WORDS = {"todo": _l("To do"), "doing": _l("Doing"), "done": _l("Done"), "cancelled": _l("Cancelled")}
HINTS = {
    "active": _l("Off: nobody starts new ones"),
    "assignable": _l("Staff may start it for a customer, or send it with an invitation"),
    "requestable": _l("Customers may ask for it in the portal and the app"),
}


class Flows(FlowTrials, VersionPages):
    name, slug, needs = _l("Flows"), "flows", "flows"

    @door("/", needs="flows")
    def index(self) -> Response:
        loaded = catalogue.current()
        switches, use = startable.switches(g.actor), versions_in_use.of_flows(g.actor)
        figures = flow_figures.of_flows(g.actor, loaded.flows)
        rows = [
            Row(versions.flow_shown(flow), switches.get(name), use.get(name, InUse()), figures.get(name, Figures()))
            for name, flow in loaded.flows.items()
        ]
        rows.sort(key=lambda row: (row.flow.definition.title.casefold(), row.name))
        return show(
            self, "flows.html", rows=rows, broken=loaded.broken, counted=counted, kinds=SAID, explain=EXPLANATIONS
        )

    @door("/<name>", needs="flows")
    def one(self, name: str) -> Response:
        """A flow that is served; or one that is broken, what is wrong with it, and what still runs of it."""
        if broken := catalogue.current().broken_flow(name):
            published = versions_in_use.of_flow(g.actor, name)
            follows = catalogue.follows_files()
            return show(
                self, "flow_broken.html", broken=broken, versions=published, explain=EXPLANATIONS, follows=follows
            )
        flow = loaded_flow(name)
        where = flow_figures.where(g.actor, flow)
        sitting = diagram.Sitting(where.at_step, where.in_review, where.in_state)
        return show(
            self,
            "flow.html",
            flow=versions.flow_shown(flow),
            boxes="cases" if flow.definition.type == "Case" else "board",
            drawing=diagram.svg(flow.definition, sitting),
            entries=diagram.entries(flow.definition, sitting),
            switches=switches_of(flow, startable.switches(g.actor, name).get(name)),
            versions=versions_in_use.of_flow(g.actor, name),
            starts=starts_in_words(flow.definition),
            products=flow_figures.products_that_start(g.actor, name),
            lint=lint_tag(flow.problems),
            questions=questions,
            kinds=SAID,
            actors=PARTY_WORDS,
            columns=COLUMN_WORDS,
            sitting=sum(count for counts in vars(where).values() for count in counts.values()),
            translations=coverage(catalogue.current(), flow.definition),
            explain=EXPLANATIONS,
        )

    @door("/<name>/times", needs="flows")
    def times(self, name: str) -> Response:
        """How long it takes, by stage or step and by who had it (X4)."""
        flow = loaded_flow(name)
        times = Times.of(versions.flow_shown(flow), durations.of_flow(g.actor, flow.definition, clock.now()))
        return show(self, "flow_times.html", flow=versions.flow_shown(flow), times=times)

    @door("/<name>/switch", needs="flows", methods=("GET", "POST"))
    def switch(self, name: str) -> Response:
        """All switches of a flow as a form; the small forms of the list post one of them here."""
        flow = shown_flow(name)
        which = request.form.get("switch", "")
        if not which:
            return ask(self, _who_may_start(flow), lambda work, typed: _switch_all(work, flow, typed))
        is_on = request.form.get("on") == "1"
        with unit_of_work(g.actor) as work:
            switching.switch(work, name, which, is_on)
        back = f"{self.url}/{name}" if request.form.get("back") == "page" else f"{self.url}/#flow-{name}"
        return go_on(
            back,
            _("%(what)s is switched on for %(title)s.", what=SAID[which], title=flow.definition.title)
            if is_on
            else _("%(what)s is switched off for %(title)s.", what=SAID[which], title=flow.definition.title),
        )


@dataclass(frozen=True)
class Row:
    """A flow in the list."""

    flow: LoadedFlow
    switch: FlowSwitch | None
    use: InUse
    figures: Figures

    @property
    def name(self) -> str:
        return self.flow.definition.flow

    @property
    def lint(self) -> Tag:
        return lint_tag(self.flow.problems)

    @property
    def switches(self) -> Mapping[str, bool | None]:
        return switches_of(self.flow, self.switch)

    @property
    def size(self) -> str:
        flow = self.flow.definition
        if flow.states:
            return ngettext("%(num)s stage", "%(num)s stages", len(flow.states))
        return ngettext("%(num)s step", "%(num)s steps", len(flow.steps))

    @property
    def by_version(self) -> str:
        """On which versions the open ones run, where there are several: "v8 28, v7 3"."""
        counts = self.use.by_version
        return ", ".join(f"v{number} {count:,}" for number, count in counts.items()) if len(counts) > 1 else ""

    @property
    def took(self) -> str | None:
        return _unbroken(duration_in_words(self.figures.median)) if self.figures.median is not None else None

    @property
    def rating(self) -> str | None:
        if self.figures.rating is None:
            return None
        rule = self.flow.definition.rating
        return _unbroken(
            _(
                "%(rating)s of %(scale)s",
                rating=format(self.figures.rating, ".1f"),
                scale=rule.scale if rule else ratings.USUAL_SCALE,
            )
        )


@dataclass(frozen=True)
class Times:
    """How long it takes, in words: each line is whose time it is, of how many, the median and the longest."""

    instances: int
    most: int
    calendar: str | None
    stages: Sequence[tuple[str, str, str, str]]
    parties: Sequence[tuple[str, str, str, str]]

    @classmethod
    def of(cls, flow: LoadedFlow, table: durations.Table) -> Times:
        rule = flow.definition
        words = {
            name: rule.steps[name].title if rule.steps else stages.state_label(rule, name) for name in table.stages
        }
        calendar = table.calendar and table.calendar.replace("_", " ").capitalize()
        return cls(
            table.instances, durations.NEWEST, calendar, _lines(table.stages, words), _lines(table.parties, PARTY_WORDS)
        )


def _lines(spreads: Mapping[str, spans.Spread], words: Mapping[str, str]) -> list[tuple[str, str, str, str]]:
    return [
        (words[name], f"{one.instances:,}", spans.in_words(one.median), spans.in_words(one.longest))
        for name, one in spreads.items()
    ]


def switches_of(flow: LoadedFlow, switch: FlowSwitch | None) -> dict[str, bool | None]:
    """The state of each switch; None where there is nothing to switch."""
    return {
        name: (switch is None or getattr(switch, column)) if switching.has_switch(flow, name) else None
        for name, column in switching.SWITCHES.items()
    }


def lint_tag(problems: Sequence[FlowProblem]) -> Tag:
    return Tag(counted(problems), "warn") if problems else Tag("OK", "ok")


def counted(problems: Sequence[FlowProblem]) -> str:
    """ "2 errors", "1 warning", or both."""
    errors = sum(one.severity == "error" for one in problems)
    warnings = sum(one.severity == "warning" for one in problems)
    said = [ngettext("%(num)s error", "%(num)s errors", errors)] if errors else []
    said += [ngettext("%(num)s warning", "%(num)s warnings", warnings)] if warnings else []
    return ", ".join(said)


def _who_may_start(flow: LoadedFlow) -> Question:
    name = flow.definition.flow
    switches = switches_of(flow, startable.switches(g.actor, name).get(name))
    return Question(
        _("Who may start %(title)s?", title=flow.definition.title),
        f"/admin/flows/{name}",
        _("Save"),
        _("What runs already goes on. What an event starts, such as an order, goes on starting."),
        fields=tuple(
            Field(switch, SAID[switch], "checkbox", on, HINTS[switch], optional=True)
            for switch, on in switches.items()
            if on is not None
        ),
        done=_("Saved."),
    )


def _switch_all(work: Work, flow: LoadedFlow, typed: Mapping[str, str]) -> None:
    for name in switching.SWITCHES:
        if switching.has_switch(flow, name):
            switching.switch(work, flow.definition.flow, name, typed.get(name) == "1")


def _unbroken(words: str) -> str:
    """On one line of its cell."""
    return words.replace(" ", "\N{NO-BREAK SPACE}")
