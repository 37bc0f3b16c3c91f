"""What the names in conditions and `${{ }}` holes mean for one instance (FLOW_LANGUAGE.md section 1)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.util import identity_key

from flows import lookups, settings
from flows.actions import kinship, sealing
from flows.catalogue import FlowDefinition
from flows.models import Instance, Organisation, User
from flows.rules import answers, private, stages
from flows.rules.expressions import Text, compile_text
from flows.rules.words import day_in_words, moment_in_words
from flows.work import keep

EVERYTHING = frozenset({"customer", "creator", "assignee", "instance", "data", "child", "links", "settings", "now"})


def roots(names: Iterable[str]) -> frozenset[str]:
    """The first parts of dotted names: what to ask `scope_of` for."""
    return frozenset(name.partition(".")[0] for name in names)


def filled(session: Session, instance: Instance, definition: FlowDefinition, text: str, now: datetime) -> str:
    """Words of the flow that name something, with their holes filled; empty while that is not known."""
    words = compile_text(text)
    return str(words.render_or(scope_of(session, instance, definition, now, roots(words.names)), "") or "")


def scope_of(
    session: Session,
    instance: Instance,
    definition: FlowDefinition,
    now: datetime,
    wanted: Collection[str] = EVERYTHING,
    **more: Any,
) -> dict[str, Any]:
    """The names an expression may use, those of `wanted` only, so that nobody is read whom no expression mentions.

    `more` adds what one moment knows, such as `ask` or `actor`. Sensitive answers are in it in clear, for conditions
    and calls; a text for people is `masked` with `private.names_of(definition)` before it is filled (X20).
    """
    inputs = {name: value for name, value in instance.inputs.items() if name in definition.start.inputs}
    scope: dict[str, Any] = sealing.opened(definition.start.inputs, inputs)
    if "data" in wanted:
        scope["data"] = answers_of(instance, definition)
    if "child" in wanted and definition.children:
        scope["child"] = kinship.children_in_words(session, instance, definition)
    scope["links"] = instance.links
    scope["now"] = now.isoformat()
    product = settings.current()
    scope["settings"] = {
        "brand": product.brand,
        "url": product.origin,
        "support_email": product.support_email,
        "time_zone": product.time_zone,
    }
    if "instance" in wanted:
        if instance.id is None:
            session.flush()  # its reference is the number of its row
        scope["instance"] = instance_words(instance, now)
    people = {role: getattr(instance, f"{role}_id") for role in ("customer", "creator", "assignee") if role in wanted}
    _read_at_once(session, people.values())
    scope |= {role: person_words(session, user_id) for role, user_id in people.items()}
    if "customer" in wanted:
        scope["customer"] = _customer(session, instance, scope["customer"])
    return {**scope, **more}


def for_actions(
    session: Session, instance: Instance, definition: FlowDefinition, now: datetime
) -> Callable[[], dict[str, Any]]:
    """What the conditions of a flow's actions need, read when it is asked for (`stages.offered`)."""
    wanted = roots(stages.names_in_conditions(definition))
    return lambda: scope_of(session, instance, definition, now, wanted)


def answers_of(instance: Instance, definition: FlowDefinition) -> dict[str, Any]:
    """`data`: what was asked at the start and the accepted answers of every step; hidden steps do not count (Q19).

    In clear: an answer that cannot be opened is not yet known.
    """
    asked = {name: instance.inputs[name] for name in definition.start.fields if name in instance.inputs}
    found = sealing.opened(definition.start.fields, asked)
    for step in instance.steps if definition.steps else ():  # what is driven by hand has none to read
        if step.state != "skipped":
            found.update(sealing.opened(definition.steps[step.name].fields, step.answers))
    return found


def as_told(
    text: Text,
    instance: Instance,
    definition: FlowDefinition,
    now: datetime,
    asked: Mapping[str, Any] | None = None,
    action: str = "",
) -> Text:
    """A text of the flow as people read it: its holes have words, and masks where an answer is private (X20).

    `definition` is in the reader's language. `asked` is what the dialog of `action` asked, where one is being taken.
    """
    words = words_of(instance, definition, text.names, now)
    if asked is not None and action in definition.actions:
        words |= _shown("ask.", definition.actions[action].fields, asked, text.names)
    return text.masked(private.names_of(definition)).worded(words)


def words_of(instance: Instance, definition: FlowDefinition, names: Collection[str], now: datetime) -> dict[str, str]:
    """Those of these names whose values people read otherwise than machines: answers, inputs, days and moments."""
    words = _shown("", definition.start.inputs, instance.inputs, names)
    if "data" in roots(names):
        fields = dict(definition.start.fields)
        for step in definition.steps.values():
            fields |= step.fields
        chosen = lookups.context_of(_labels_of(instance) if definition.steps else None)
        words |= _shown("data.", fields, answers_of(instance, definition), names, chosen)
    return words | {name: said for name, said in _moments(instance, now) if name in names}


def _labels_of(instance: Instance) -> dict[str, dict[str, str]]:
    """What people read when they chose a person, a department or something looked up, in whatever step."""
    found: dict[str, dict[str, str]] = {}
    for step in instance.steps:
        for source, labels in (step.labels or {}).items():
            found.setdefault(source, {}).update(labels)
    return found


def _shown(
    before: str,
    fields: Mapping[str, Any],
    given: Mapping[str, Any],
    names: Collection[str],
    context: answers.AnswerContext | None = None,
) -> dict[str, str]:
    return {
        before + name: answers.display(fields[name], value, context)
        for name, value in given.items()
        if before + name in names and name in fields
    }


def _moments(instance: Instance, now: datetime) -> Iterable[tuple[str, str]]:
    yield "now", moment_in_words(now, instance.time_zone)
    for name in ("created", "due", "expires"):
        moment: datetime | None = getattr(instance, f"{name}_at")
        if moment is not None:
            yield f"instance.{name}_at", moment_in_words(moment, instance.time_zone)
            yield f"instance.{name}_on", day_in_words(moment, instance.time_zone)


def instance_words(instance: Instance, now: datetime) -> dict[str, Any]:
    """`instance`: the facts, and the few phrases that mails need."""
    zone = ZoneInfo(instance.time_zone)
    end = instance.expires_at or instance.due_at
    words: dict[str, Any] = {
        "ref": instance.reference,
        "id": instance.uid,
        "title": instance.title,
        "url": f"{settings.current().origin}{instance.customer_page}",
        "status": instance.status,
        "state": instance.state or "",
        "open": instance.is_open,
        "overdue": instance.is_overdue(now),
        "waiting_on": instance.waiting_on or "",
        "created_at": instance.created_at.isoformat(),
        "source": instance.source,
        "progress": instance.steps_done * 100 // (instance.steps_total or 1),
    }
    for name in ("due", "expires"):
        moment: datetime | None = getattr(instance, f"{name}_at")
        if moment is not None:
            words[f"{name}_at"] = moment.isoformat()
            words[f"{name}_on"] = day_in_words(moment, instance.time_zone)
    if end is not None:
        words["days_left"] = max((end.astimezone(zone).date() - now.astimezone(zone).date()).days, 0)
    return words


def person_words(session: Session, user_id: int | None) -> dict[str, Any]:
    """A person's words; all empty when there is nobody, so that `assignee.id == ""` can be asked."""
    user = session.get(User, user_id) if user_id is not None else None
    keep(session, user)
    if user is None:
        return dict.fromkeys(("id", "name", "first_name", "email", "phone", "language"), "")
    return {
        "id": user.uid,
        "name": user.name,
        "first_name": user.first_name,
        "email": user.email,
        "phone": user.phone,
        "language": user.language,
    }


def _read_at_once(session: Session, user_ids: Iterable[int | None]) -> None:
    """Those who are not known yet in one statement, not in one for each."""
    unknown = {user_id for user_id in user_ids if user_id and identity_key(User, user_id) not in session.identity_map}
    if unknown:
        for user in session.scalars(_people(), {"ids": [*unknown]}):
            keep(session, user)


@cache
def _people() -> Select[User]:
    """Built once: nearly every work asks for somebody."""
    return select(User).where(User.id.in_(bindparam("ids", expanding=True)))


def _customer(session: Session, instance: Instance, person: dict[str, Any]) -> dict[str, Any]:
    """The person who acts for the customer, with what is known of their organisation; else the organisation itself."""
    organisation = session.get_one(Organisation, instance.organisation_id)
    keep(session, organisation)
    if not person["id"]:
        person |= {"id": organisation.uid, "name": organisation.name, "first_name": organisation.name}
    return {**person, "organisation": organisation.name, "slug": organisation.slug, "address": organisation.address}
