"""Away: who stands in while somebody is not there, named by themselves for some days (X6)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import g
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from admin.asking import Field, Question, ask
from admin.assigning import colleague_options
from admin.guard import StaffView, door
from admin.showing import show
from flows import access
from flows.actions import standing_in
from flows.clock import clock
from flows.models import User
from flows.queries import colleagues
from flows.rules import timing
from flows.rules.errors import Invalid, Problem, Refused
from flows.rules.words import date_in_words
from flows.words import gettext as _
from flows.work import Work


class Away(StaffView):
    name, slug, needs = _l("Away"), "away", "view"
    personal = True

    @door("/", needs="view")
    def index(self) -> Response:
        now = clock.now()
        found = colleagues.delegations_of(g.actor, now)
        return show(
            self,
            "away.html",
            mine=[one for one in found if one.user_id == g.actor.user_id],
            others=[one for one in found if one.delegate_id == g.actor.user_id],
        )

    @door("/new", needs="view", methods=("GET", "POST"))
    def new(self) -> Response:
        today = timing.local_date(clock.now(), g.actor.time_zone)
        question = Question(
            _("While you are away"),
            f"{self.url}/",
            _("Name who stands in"),
            done=_("They stand in for you."),
            text=_(
                "What is assigned to you meanwhile goes to whoever stands in, and they may review what you may. "
                "Everything they do so is marked with your name."
            ),
            fields=(
                Field("delegate", _("Who stands in"), "select", options=colleague_options(with_me=False)),
                Field("starts_on", _("First day"), "date", today.isoformat(), width="w-m"),
                Field("ends_on", _("Last day"), "date", width="w-m"),
                Field("note", _("Note"), hint=_("For your colleagues"), optional=True),
            ),
        )
        return ask(self, question, _delegate)

    @door("/<uid>/withdraw", needs="view", methods=("GET", "POST"))
    def withdraw(self, uid: str) -> Response:
        found = colleagues.delegations_of(g.actor, clock.now())
        one = next((one for one in found if one.uid == uid and one.user_id == g.actor.user_id), None)
        if one is None:
            raise Refused(_("No such delegation"))
        question = Question(
            _("Are you back? %(name)s no longer stands in for you", name=one.delegate.name),
            f"{self.url}/",
            _("End it"),
            tone="bad",
            done=_("It has ended."),
            text=_("What was given to them meanwhile stays with them."),
            facts=((_("From"), date_in_words(one.starts_on)), (_("To"), date_in_words(one.ends_on))),
        )

        def act(work: Work, _typed: Mapping[str, Any]) -> None:
            standing_in.withdraw(work, uid)

        return ask(self, question, act)


def _delegate(work: Work, typed: Mapping[str, Any]) -> None:
    """Everything that is wrong at once: who, from when, until when."""
    problems: list[Problem] = []
    days = {name: _day(typed[name], f"/{name}", problems) for name in ("starts_on", "ends_on")}
    delegate: User | None = None
    try:
        delegate = access.colleague_named(work, typed["delegate"], "/delegate")
    except Invalid as invalid:
        problems = [*invalid.problems, *problems]
    starts_on, ends_on = days["starts_on"], days["ends_on"]
    if problems or delegate is None or starts_on is None or ends_on is None:
        raise Invalid(problems)
    user = work.session.get_one(User, work.actor.user_id)
    standing_in.delegate(work, user, delegate, starts_on, ends_on, typed["note"])


def _day(typed: str, pointer: str, problems: list[Problem]) -> date | None:
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        problems.append(Problem(pointer, "date", _("Enter a day, like 2026-11-30")))
        return None
