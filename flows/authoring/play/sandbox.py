"""A product for a few seconds: every table and no row, a clock of its own, and nothing that goes in or out."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import select

from flows import access, catalogue, settings, work
from flows.actions import attaching, delivering, firing
from flows.actions.attaching import Verdict
from flows.actions.delivering import Owed
from flows.authoring.play import family, passing
from flows.authoring.play.cast import NOBODY_KNOWN, Cast, Stranger, assemble
from flows.catalogue import LoadedFlow
from flows.catalogue.overlay import overlaid
from flows.catalogue.registry import ActionSpec, LookupSpec, Plugin, Registry
from flows.clock import clock
from flows.models import Instance
from flows.plugin import Option, PermanentFault
from flows.rules.actors import SYSTEM
from flows.rules.expressions import ExpressionProblem, NotYetKnown, compile_text
from flows.sessions import throwaway
from flows.settings import Settings
from flows.words import USUAL, read_in
from flows.work import Work, end_reading, unit_of_work


class Sandbox:
    """The stage on which one flow is played. `instances` are the row ids of what was started, in order.

    `posted` are the mails that went out, as they were taken up, to be read in one of its `languages`: to look up the
    words of others would take longer than the rest of a play.
    """

    cast: Cast
    """The people; there once `call_in` was said."""

    def __init__(self, loaded: LoadedFlow, zone: str, stranger: Stranger) -> None:
        self.loaded, self.zone, self.stranger = loaded, zone, stranger
        self.instances: list[int] = []
        self.posted: list[Owed] = []
        self.languages: Collection[str] = (USUAL,)
        self._uids: dict[int, str] = {}

    @property
    def definition(self) -> catalogue.FlowDefinition:
        return self.loaded.definition

    def call_in(self, organisation_uid: str = "cus_1", customer_uid: str = "usr_1") -> None:
        with unit_of_work(SYSTEM) as written:
            self.cast = assemble(
                written, self.definition, self.zone, organisation_uid, customer_uid, stranger=self.stranger
            )

    def uid_of(self, instance_id: int) -> str:
        if instance_id not in self._uids:
            query = select(Instance.uid).where(Instance.id == instance_id)
            self._uids[instance_id] = access.read_as(SYSTEM).scalars(query).one()
            end_reading()
        return self._uids[instance_id]

    def definition_of(self, instance: Instance) -> catalogue.FlowDefinition:
        """Its flow with what was added to this instance."""
        return overlaid(catalogue.current().flows[instance.flow].definition, instance.overlay)

    def below(self) -> dict[int, str]:
        """What its flow started: the flow's name by row id."""
        return family.below(self.instances)

    def newest_of(self, flow: str) -> int | None:
        """The instance of this flow that was started last below; without a name the first of all."""
        if not flow:
            return next(iter(self.instances), None)
        return next((row_id for row_id, name in reversed(self.below().items()) if name == flow), None)

    def until(self, moment: datetime) -> None:
        """Time goes by until then."""
        passing.pass_time(moment, self._see_to_it)

    def settle(self) -> None:
        """What is owed at this moment is carried out."""
        self.until(clock.now())

    def _see_to_it(self, due: passing.Due) -> None:
        for instance_id in due.instances:
            with unit_of_work(SYSTEM) as fired:
                firing.fire_due(fired, instance_id)
        for effect_id, kind in due.effects:
            self._deliver(effect_id, kind)

    def _deliver(self, effect_id: int, kind: str) -> None:
        """Nothing leaves: a call is checked, a mail is written and thrown away, all else is done at once."""
        try:
            with unit_of_work(SYSTEM) as carried:
                if kind in delivering.AT_HOME:
                    delivering.call(carried, effect_id)
                elif (owed := delivering.begin(carried, effect_id, self.languages)) is not None:
                    _carry(carried, owed)
                    self.posted += [owed] if kind == "email" else []
        except Exception as fault:  # noqa: BLE001  # whatever a hook raises becomes an incident, as with the worker
            with unit_of_work(SYSTEM) as carried:
                delivering.fail(carried, effect_id, f"{type(fault).__name__}: {fault}", permanent=True, counted=False)


@contextmanager
def sandbox(
    registry: Registry,
    name: str,
    at: datetime,
    zone: str,
    stranger: Stranger = NOBODY_KNOWN,
    database: AbstractContextManager[None] | None = None,
) -> Iterator[Sandbox]:
    """A stage for the flow `name` of the registry, at that moment. Everything of it is gone afterwards.

    The process serves nothing else meanwhile: clock, settings and flows are those of the sandbox. `stranger` is
    who the customer is, `database` the one that is thrown away where it is to be that of an application.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="baton-play-"))
        stack.callback(settings.use, settings.current())
        settings.use(_settings(folder, zone))
        stack.enter_context(database or throwaway())
        yield stack.enter_context(on_this_database(registry, name, at, zone, stranger))


@contextmanager
def on_this_database(
    registry: Registry, name: str, at: datetime, zone: str, stranger: Stranger = NOBODY_KNOWN
) -> Iterator[Sandbox]:
    """The same stage on the database that is open; its people and what they do stay there."""
    with ExitStack() as stack:
        stack.callback(catalogue.use, catalogue.current())
        catalogue.use(_deaf(registry))
        for ears in (work.listeners, work.heralds):
            stack.enter_context(_nobody_in(ears))
        stack.enter_context(clock.standing(at))
        yield Sandbox(registry.flows[name], zone, stranger)


@contextmanager
def _nobody_in(ears: list[Any]) -> Iterator[None]:
    """What the product itself says to people, beside what a flow says, would only hide what the flow does."""
    before = [*ears]
    ears.clear()
    try:
        yield
    finally:
        ears.extend(before)


def _settings(folder: str, zone: str) -> Settings:
    """Those of a product that takes cards; its secrets guard a database that is gone in a moment."""
    secrets = {"secret_key": "played" * 8, "stripe_key": "sk_played", "stripe_webhook_secret": "whsec_played"}
    return Settings.from_env({}, mode="test", data=folder, time_zone=zone, **secrets)


def _deaf(registry: Registry) -> Registry:
    """The same flows, with hooks that check their arguments and do nothing, and lookups that know every value."""
    return replace(registry, plugins=[_silenced(plugin) for plugin in registry.plugins])


def _silenced(plugin: Plugin) -> Plugin:
    return replace(
        plugin,
        actions={name: replace(spec, call=_only_checked(spec)) for name, spec in plugin.actions.items()},
        lookups={name: LookupSpec(name, _anything, _that_one) for name in plugin.lookups},
    )


def _only_checked(spec: ActionSpec) -> Any:
    signature = inspect.signature(spec.call)

    def call(context: object, **arguments: object) -> None:
        try:
            signature.bind(context, **arguments)
        except TypeError as wrong:
            raise PermanentFault(f"{spec.name}: {wrong}") from None

    return call


def _that_one(_context: object, value: str) -> Option:
    return Option(value, value)


def _anything(context: object, query: str) -> list[Option]:
    return [_that_one(context, query or "sample")]


def _carry(carried: Work, owed: Owed) -> None:
    facts: dict[str, Any] = {}
    if owed.kind == "email":
        facts["subject"] = subject_of(owed)
    elif owed.kind == "check":
        attaching.checked(carried, owed.payload["upload"], Verdict())
    delivering.succeed(carried, owed.id, **facts)


def subject_of(owed: Owed) -> str:
    """Subject of a mail of the flow, whose holes are all filled to prove that they can be; a product's own has none."""
    mail = catalogue.current().mail(owed.payload["template"], "en")
    if mail is None:
        return ""
    hidden, texts = frozenset(owed.payload.get("private", ())), (mail.subject, mail.body)
    scope, words = (read_in(USUAL, owed.payload.get(part, {})) for part in ("scope", "words"))
    try:
        filled = [compile_text(text).masked(hidden).worded(words).filled(scope, str) for text in texts]
    except (ExpressionProblem, NotYetKnown) as wrong:
        raise PermanentFault(f"{mail.file}: {wrong}") from None
    return filled[0]
