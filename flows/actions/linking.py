"""An instance is linked to something outside that its flow names, such as a tenancy agreement, and unlinked (C41)."""

from __future__ import annotations

from sqlalchemy import select

from flows import access, lookups
from flows.actions import settling, submitting, versions
from flows.catalogue import FlowDefinition
from flows.catalogue.schema import Link
from flows.events import Linked, Unlinked
from flows.lookups import Place
from flows.models import Instance, LinkHolder
from flows.plugin import Option
from flows.rules.answers import Unavailable
from flows.rules.errors import Invalid, OutOfStep, Refused
from flows.rules.expressions import compile_condition
from flows.rules.people import in_words, is_among
from flows.rules.words import moment_in_words
from flows.words import gettext as _
from flows.work import Work

LONGEST_REASON = 400


def link(work: Work, instance: Instance, name: str, value: str) -> Option:
    """Tie the instance to what the lookup calls `value`; a link that is there already is replaced.

    The instance row is locked. Refused for a link that the flow does not declare or this actor may not make, OutOfStep
    once the instance has ended or while another open one holds the same, Invalid when nothing is called `value`.
    """
    definition = versions.definition_of(work.session, instance)
    rule = _declared(work, instance, definition, name)
    option = _found(work, lookups.place_of(instance, definition, work.now), rule, value)
    if instance.links.get(name, {}).get("id") == option.value:
        raise OutOfStep(
            _("%(reference)s is linked to %(label)s already", reference=instance.reference, label=option.label)
        )
    _let_go(work, instance, name)
    if option.exclusive:
        _hold(work, instance, name, rule, option)
    about = {"id": option.value, "label": option.label, "detail": option.detail, "at": work.now.isoformat()}
    instance.links = {**instance.links, name: about}  # a new object: a change inside would not be noticed
    work.record(instance, Linked(name, rule.label, option.label))
    submitting.settle_to_the_end(work, instance, definition)
    return option


def unlink(work: Work, instance: Instance, name: str, reason: str) -> None:
    """Take a link away; steps that it had completed are marked "check again" (Q23). A reason is required."""
    definition = versions.definition_of(work.session, instance)
    rule = _declared(work, instance, definition, name)
    if name not in instance.links:
        raise OutOfStep(
            _("%(reference)s has no such link any more: %(label)s", reference=instance.reference, label=rule.label)
        )
    if not reason.strip():
        raise Invalid(_("Say why the link is taken away"), "/reason", "required")
    before = instance.links[name]["label"]
    _let_go(work, instance, name)
    instance.links = {other: about for other, about in instance.links.items() if other != name}
    _mark_to_check(instance, definition, name)
    work.record(instance, Unlinked(name, rule.label, before, reason.strip()[:LONGEST_REASON]))
    settling.settle(work, instance, definition)


def _declared(work: Work, instance: Instance, definition: FlowDefinition, name: str) -> Link:
    rule = definition.links.get(name)
    if rule is None:
        raise Refused(_("No such link"))
    if work.actor.is_staff:
        access.require(work.actor, "create")
    if not is_among(work.actor, rule.by, instance.standing):
        raise Refused(_("%(label)s is for %(in_words)s", label=rule.label, in_words=in_words(rule.by)), known=True)
    if not instance.is_running(work.now):
        ended = instance.closed_at or instance.expires_at or work.now
        when = moment_in_words(ended, instance.time_zone)
        raise OutOfStep(
            _("%(reference)s ended on %(when)s; its links stay as they are", reference=instance.reference, when=when),
            "instance-closed",
        )
    return rule


def _found(work: Work, place: Place, rule: Link, value: str) -> Option:
    try:
        option = lookups.one(work.session, place, rule.lookup, value)
    except Unavailable:
        raise Invalid(
            _("%(label)s: this cannot be done right now; try again in a minute", label=rule.label), "/value", "away"
        ) from None
    if option is None:
        raise Invalid(
            _("%(label)s: there is nothing with this number; search again", label=rule.label), "/value", "choice"
        )
    return option


def _hold(work: Work, instance: Instance, name: str, rule: Link, option: Option) -> None:
    """Take what only one open instance may hold. Two at the same moment meet at the unique key, and one is told so."""
    query = select(LinkHolder).where(LinkHolder.lookup == rule.lookup, LinkHolder.value == option.value)
    holder = access.locked(work, query.with_for_update(of=LinkHolder))
    if holder is None:
        holder = LinkHolder(lookup=rule.lookup, value=option.value)
        work.session.add(holder)
    elif holder.instance_id != instance.id and holder.instance.is_open:
        other = holder.instance
        raise OutOfStep(
            _(
                "%(label)s is linked to %(reference)s (%(title)s, %(customer_name)s). "
                "Unlink it there first, or choose another",
                label=option.label,
                reference=other.reference,
                title=other.title,
                customer_name=other.customer_name,
            )
        )
    holder.instance_id, holder.organisation_id = instance.id, instance.organisation_id
    holder.link, holder.linked_at = name, work.now
    work.session.flush()


def _let_go(work: Work, instance: Instance, name: str) -> None:
    query = select(LinkHolder).where(LinkHolder.instance_id == instance.id, LinkHolder.link == name)
    holder = access.locked(work, query.with_for_update(of=LinkHolder))
    if holder is not None:
        work.session.delete(holder)
        work.session.flush()


def _mark_to_check(instance: Instance, definition: FlowDefinition, name: str) -> None:
    for step in instance.steps:
        rule = definition.steps.get(step.name)
        condition = rule.done_when if rule is not None else None
        if step.state == "completed" and condition and _mentions(condition, name):
            step.check_again = True
            step.version += 1


def _mentions(condition: str, name: str) -> bool:
    link = f"links.{name}"
    return any(one == link or one.startswith(f"{link}.") for one in compile_condition(condition).names)
