"""How a play begins: by an event, by staff, by the customer, or with an invitation that was accepted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from flows import catalogue
from flows.actions import beginning, starting
from flows.actions.beginning import Wish
from flows.authoring.play.samples import Sampler, payload_of
from flows.authoring.play.sandbox import Sandbox
from flows.catalogue import FlowDefinition
from flows.models import Instance, Organisation, User
from flows.rules.expressions import ExpressionProblem, NotYetKnown, compile_text
from flows.rules.payments import amounts_asked
from flows.work import Work, unit_of_work

Way = Literal["event", "customer", "staff", "onboarding"]
USUAL_AMOUNT = 50_000


@dataclass(frozen=True)
class Opening:
    """How it begins. Without a way the first that the flow knows; what is not given is made up.

    `payload` is the event's; `inputs` and `fields` are answers of the start, `amounts` minor units by payment step.
    """

    way: Way | None = None
    payload: Mapping[str, Any] | None = None
    inputs: Mapping[str, Any] | None = None
    fields: Mapping[str, Any] | None = None
    amounts: Mapping[str, int] = field(default_factory=dict)


def begin(stage: Sandbox, opening: Opening, dice: Random | None = None) -> None:
    """Call the people in and start the flow; `stage.instances` holds what came of it, which may be nothing.

    The condition of an event is only asked when its payload is given. Raises BatonError as the real door would.
    """
    definition = stage.definition
    way = opening.way or ways_of(definition)[0]
    opener = _Opener(stage, opening, dice or Random(0))  # noqa: S311  # answers, no secrets
    if way == "event":
        opener.by_event()
    else:
        stage.call_in()
        {"customer": opener.by_customer, "staff": opener.by_staff, "onboarding": opener.invited}[way]()
    stage.settle()


def deliver_again(stage: Sandbox, opening: Opening) -> None:
    """The same event a second time, as a queue may bring it."""
    _Opener(stage, opening, Random(0)).publish()  # noqa: S311  # nothing is drawn
    stage.settle()


def ways_of(definition: FlowDefinition) -> list[Way]:
    """The ways in that a flow knows; the one that needs the fewest people first."""
    start = definition.start
    known: dict[Way, bool] = {
        "event": start.event is not None,
        "customer": start.customer,
        "staff": start.staff,
        "onboarding": start.onboarding,
    }
    return [way for way, is_there in known.items() if is_there]


@dataclass(frozen=True)
class _Opener:
    stage: Sandbox
    opening: Opening
    dice: Random

    def by_event(self) -> None:
        rule, payload = self.stage.definition.start, self._payload()
        whom, assignee = (_rendered(text, payload) for text in (rule.for_, rule.assign))
        if whom.startswith("usr_"):  # `for` may name a person, who is then the customer
            self.stage.call_in(customer_uid=whom)
        else:
            self.stage.call_in(organisation_uid=whom or "cus_1", customer_uid=assignee or "usr_1")
        self.publish()

    def publish(self) -> None:
        payload = self._payload()
        with unit_of_work(self.stage.cast.actors["customer"]) as work:
            known = self._known(work)
            if self.opening.payload is not None:
                event = self.stage.definition.start.event or ""
                made = starting.start_for_event(work, event, payload, "", known)
                self._keep(work, [one for one in made if one.flow == self.stage.definition.flow])
            else:
                one = starting.start_once(work, self.stage.loaded, payload, "", known)
                self._keep(work, [one] if one is not None else [])

    def by_customer(self) -> None:
        with unit_of_work(self.stage.cast.actors["customer"]) as work:
            given = self._answers(work, "fields")
            flow = self.stage.definition.flow
            self._keep(work, [beginning.start_by_customer(work, flow, self.stage.cast.organisation, given)])

    def by_staff(self) -> None:
        with unit_of_work(self.stage.cast.actors["agent"]) as work:
            whom = self.stage.cast.uids["customer"]
            self._keep(work, [beginning.start_by_staff(work, self.stage.definition.flow, whom, self._wish(work))])

    def invited(self) -> None:
        agent = self.stage.cast.actors["agent"]
        with unit_of_work(agent) as work:
            begins = beginning.begins_with(work, self.stage.definition.flow, self._wish(work))
        with unit_of_work(self.stage.cast.actors["customer"]) as work:
            known = self._known(work)
            person, home = known[self.stage.cast.uids["customer"]], known[self.stage.cast.organisation]
            assert isinstance(person, User)
            assert isinstance(home, Organisation)
            made = beginning.start_invited(work, begins, person, home, agent.user_id)
            self._keep(work, [made] if made is not None else [])

    def _keep(self, work: Work, made: list[Instance]) -> None:
        work.session.flush()
        self.stage.instances.extend(one.id for one in made)

    def _wish(self, work: Work) -> Wish:
        asked = amounts_asked(self.stage.definition)
        amounts = {**dict.fromkeys(asked, USUAL_AMOUNT), **self.opening.amounts}
        return Wish(inputs=self._answers(work, "inputs"), fields=self._answers(work, "fields"), amounts=amounts)

    def _answers(self, work: Work, part: Literal["inputs", "fields"]) -> Mapping[str, Any]:
        given: Mapping[str, Any] | None = getattr(self.opening, part)
        fields, sampler = getattr(self.stage.definition.start, part), Sampler(self.stage.cast, self.dice)
        return sampler.answers(work, fields) if given is None else sampler.with_files(work, fields, given)

    def _payload(self) -> dict[str, Any]:
        model = catalogue.current().event_type(self.stage.definition.start.event or "")
        given = self.opening.payload or {}
        return payload_of(model, given) if model is not None else dict(given)

    def _known(self, work: Work) -> dict[str, Organisation | User]:
        cast = self.stage.cast
        organisation = work.session.get_one(Organisation, cast.organisation_id)
        person = work.session.get_one(User, cast.actors["customer"].user_id)
        return {cast.organisation: organisation, cast.uids["customer"]: person}


def _rendered(text: str | None, payload: Mapping[str, Any]) -> str:
    if text is None:
        return ""
    try:
        return str(compile_text(text).render(payload))
    except (ExpressionProblem, NotYetKnown):
        return ""
