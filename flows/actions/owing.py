"""What is owed when something happens: a flow's effects become outbox rows, notices and changes, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select

from flows import catalogue
from flows.actions import noticing, participating, sealing, speaking, versions
from flows.actions.assigning_by_rule import assign_by_rule
from flows.actions.scope import as_told, person_words, roots, scope_of
from flows.actions.writing import write_effect
from flows.catalogue import FlowDefinition
from flows.catalogue.schema import (
    AssignEffect,
    CallEffect,
    EmailEffect,
    MessageEffect,
    NoticeEffect,
    NotifyEffect,
    StartEffect,
    WebhookEffect,
)
from flows.catalogue.schema import Effect as EffectRule
from flows.catalogue.schema.effects import Child, Letter, Notice
from flows.events import EffectGaveUp
from flows.models import DepartmentMember, Instance, Membership, Payment, Role, User
from flows.rules import private
from flows.rules.expressions import ExpressionProblem, NotYetKnown, compile_condition, compile_text
from flows.rules.notices import kind_for, kind_of_moment
from flows.words import USUAL, Saying, in_each, saying, spoken
from flows.work import Subject, Work

RuleError = (ExpressionProblem, NotYetKnown)


def owe(
    work: Work, instance: Instance, definition: FlowDefinition, moment: str, rules: Iterable[EffectRule], **more: Any
) -> None:
    """Carry out or write down each effect, in order. `moment` names the occasion once and for all ("timer.reminder.2").

    An effect whose holes cannot be filled is written down as an incident at once: it is never dropped. When one of them
    gives the instance to somebody, what the flow owes a new assignee is owed too.
    """
    rules = tuple(rules)
    if not rules:
        return
    before = instance.assignee_id
    wanted = _roots(rules)
    if "actor" in wanted:
        more["actor"] = person_words(work.session, work.actor.user_id)
    with spoken(USUAL):  # what a flow fills in stands in its own words, whoever set it off
        scope = scope_of(work.session, instance, definition, work.now, wanted, **more)
    hidden = private.names_of(definition)
    chain = f"{instance.uid}:{moment}"
    mailed: dict[int, None] = {}
    told: set[int] = set()
    for position, rule in enumerate(rules):
        try:
            if rule.if_ is None or compile_condition(rule.if_).holds(scope):
                _owe_one(work, instance, rule, scope, chain, position, hidden, mailed, told)
        except RuleError as problem:
            fault = {"at": work.now.isoformat(), "detail": f"{moment}: {problem}"}
            _add(
                work,
                instance,
                chain,
                position,
                "call",
                {"name": rule.kind, "with": {}},
                state="incident",
                faults=[fault],
                ended_at=work.now,
            )
    _note_mails(work, instance, kind_of_moment(moment), [user_id for user_id in mailed if user_id not in told])
    if instance.assignee_id not in (None, before):
        owe(work, instance, definition, f"{moment}.assigned", definition.effects_for("assigned"))


def _owe_one(
    work: Work,
    instance: Instance,
    rule: EffectRule,
    scope: Mapping[str, Any],
    chain: str,
    position: int,
    hidden: frozenset[str],
    mailed: dict[int, None],
    told: set[int],
) -> None:
    """`hidden` names sensitive answers: masked in words for people, sealed in what waits to be handed out (X20).

    Whoever is mailed or told with a notice joins `mailed` or `told`.
    """
    moment = chain.partition(":")[2]
    match rule:
        case EmailEffect(email=letter) | NotifyEffect(notify=letter):
            for user_id in _told(work, instance, letter.to, moment):
                payload = {
                    "template": letter.template,
                    "to": user_id,
                    "address": None,
                    "scope": {"actor": scope["actor"]} if _names_actor(letter.template) else {},
                    "kind": kind_of_moment(moment),
                    "while_open": moment.startswith("timer."),
                }
                _add(work, instance, chain, position, "email", payload, suffix=f":{user_id}")
                mailed.setdefault(user_id)
        case NoticeEffect(notice=notice):
            ids = _told(work, instance, notice.to, moment)
            text, link = _told_by(work, instance, rule, scope, moment)
            noticing.tell(work, ids, kind_of_moment(moment), text, link, about=instance)
            told.update(ids)
        case MessageEffect():
            if not instance.is_running(work.now):
                raise ExpressionProblem("the conversation is closed by then; say it in the words of the outcome", 0)
            speaking.say_for_the_house(work, instance, _said_to_customer(work, instance, rule, scope, moment))
        case CallEffect(call=name, with_=arguments):
            payload = {"name": name, "with": _filled(arguments, scope, hidden)}
            _add(work, instance, chain, position, "call", payload)
        case WebhookEffect(webhook=hook):
            payload = {
                "url": _filled({"url": hook.url}, scope, hidden)["url"],
                "event": moment,
                "body": _filled(hook.body or {}, scope, hidden),
            }
            _add(work, instance, chain, position, "webhook", payload)
        case AssignEffect(assign=assignment):
            user, department = (
                value and compile_text(value).render(scope) for value in (assignment.user, assignment.department)
            )
            assign_by_rule(work, instance, user, department)
        case StartEffect(start=child):
            _add(work, instance, chain, position, "start", _child(work, child, scope, hidden))


def _child(work: Work, child: Child, scope: Mapping[str, Any], hidden: frozenset[str]) -> dict[str, Any]:
    """All that starting it needs, as it is known now; its creator is whoever brought it about, if they may see it."""
    named = {"for": child.for_, "assign": child.assign, "department": child.department, "once": child.once_per}
    seen_by_actor = work.actor.is_staff or not child.internal
    return {
        "name": child.flow,
        "with": _filled(_answered(child.with_, scope), scope, hidden),
        **{key: str(compile_text(text).render(scope) or "") if text else "" for key, text in named.items()},
        "internal": child.internal,
        "by": work.actor.user_id if seen_by_actor else None,
    }


def _told(work: Work, instance: Instance, roles: Iterable[str] | None, moment: str) -> list[int]:
    """Whom words of a flow go to; whoever takes something themselves need not be told that it is theirs."""
    ids = recipients(work, instance, roles)
    if kind_of_moment(moment) != "assigned" or instance.assignee_id != work.actor.user_id:
        return ids
    return [user_id for user_id in ids if user_id != work.actor.user_id]


def _note_mails(work: Work, instance: Instance, kind: str, user_ids: Sequence[int]) -> None:
    """What a flow mails stands in the inbox too, and is pushed, unless the flow has words of its own for that."""
    if not user_ids:
        return
    if instance.id is None:
        work.session.flush()  # its reference is the number of its row
    staff = noticing.staff_among(work, user_ids)
    groups = ((staff, instance.staff_page), ({*user_ids} - staff, ""))
    for ids, url in groups:
        known = kind_for(kind, "staff" if url else "customer")
        text, link = saying(known.line, title=lambda: _title(work, instance)), saying("Look at it")
        noticing.tell(work, sorted(ids), known.name, text, link, about=instance, url=url, at_top=False)


def _title(work: Work, instance: Instance) -> str:
    return versions.said_of(work.session, instance, "title")


def _filled(arguments: Mapping[str, Any], scope: Mapping[str, Any], hidden: frozenset[str]) -> dict[str, Any]:
    """The values as they are owed; one that names a sensitive answer is sealed until it is handed out."""
    filled: dict[str, Any] = {}
    for name, value in arguments.items():
        text = compile_text(value) if isinstance(value, str) else None
        given = text.render(scope) if text is not None else value
        filled[name] = sealing.sealed(given) if text is not None and private.touches(text.names, hidden) else given
    return filled


def _answered(arguments: Mapping[str, Any], scope: Mapping[str, Any]) -> dict[str, Any]:
    """Without holes for answers that nobody gave: the flow that starts is not told them either, and says if it must."""
    return {
        name: value
        for name, value in arguments.items()
        if not isinstance(value, str) or compile_text(value).render_or(scope, None) is not None
    }


def _roots(rules: Iterable[EffectRule]) -> frozenset[str]:
    """The first parts of every name that the rules mention, those of their mails for `actor` alone.

    A mail is written when it is sent, from what is true then; who brought it about is not known any more by then.
    """
    names: set[str] = set()
    for rule in rules:
        if rule.if_ is not None:
            names |= compile_condition(rule.if_).names
        for text in _texts(rule):
            names |= compile_text(text).names
        if isinstance(rule, EmailEffect | NotifyEffect) and _names_actor(_letter(rule).template):
            names.add("actor")
    return roots(names)


def _texts(rule: EffectRule) -> list[str]:
    """What is filled at once."""
    values: Iterable[Any] = ()
    match rule:
        case CallEffect(with_=arguments):
            values = arguments.values()
        case NoticeEffect(notice=notice):
            values = (notice.text,)
        case MessageEffect(message=words):
            values = (words,)
        case WebhookEffect(webhook=hook):
            values = (hook.url, *(hook.body or {}).values())
        case AssignEffect(assign=assignment):
            values = (assignment.user, assignment.department)
        case StartEffect(start=child):
            values = (*child.with_.values(), child.for_, child.assign, child.department, child.once_per)
    return [value for value in values if isinstance(value, str)]


def _letter(rule: EmailEffect | NotifyEffect) -> Letter:
    return rule.email if isinstance(rule, EmailEffect) else rule.notify


def _told_by(
    work: Work, instance: Instance, rule: NoticeEffect, scope: Mapping[str, Any], moment: str
) -> tuple[Saying, Saying]:
    """Text and link of a notice, to be said to each in their own language."""

    def words() -> Notice:
        return versions.effect_said(work.session, instance, rule).notice

    return lambda: _in_words(work, instance, words().text, scope, moment), lambda: words().link or ""


def _said_to_customer(
    work: Work, instance: Instance, rule: MessageEffect, scope: Mapping[str, Any], moment: str
) -> str:
    """One text that everybody in the conversation reads: in the language of whoever acts for the customer."""
    customer = work.session.get(User, instance.customer_id) if instance.customer_id is not None else None
    with spoken((customer.language if customer is not None else "") or USUAL):
        words = versions.effect_said(work.session, instance, rule).message
        return _in_words(work, instance, words, scope, moment)


def _in_words(work: Work, instance: Instance, words: str, scope: Mapping[str, Any], moment: str) -> str:
    """The text filled for whoever reads it, in the language that is spoken."""
    occasion, _dot, name = moment.partition(".")
    action = name.partition(".")[0] if occasion == "action" else ""
    definition = versions.spoken_of(work.session, instance)
    text = as_told(compile_text(words), instance, definition, work.now, scope.get("ask"), action)
    return text.filled(scope, str)


def _names_actor(template: str) -> bool:
    return any("actor." in mail.text for mail in catalogue.current().mails(template))


def recipients(work: Work, instance: Instance, roles: Iterable[str] | None) -> list[int]:
    """Whom words about an instance go to: user ids, each once. Nobody named means its customer."""
    found: dict[int, None] = {}
    for role in roles or ("customer",):
        for user_id in _people(work, instance, role):
            found.setdefault(user_id)
    return list(found)


def _people(work: Work, instance: Instance, role: str) -> Iterable[int]:
    if role == "customer" and instance.is_internal:
        return []
    if role == "assignee" and instance.state is not None and participating.is_with_customer(work, instance):
        return []
    one = {"customer": instance.customer_id, "creator": instance.creator_id, "assignee": instance.assignee_id}.get(role)
    if one is not None:
        return [one]
    match role:
        case "customer":
            query = select(Membership.user_id).where(Membership.organisation_id == instance.organisation_id)
        case "manager" | "department":
            query = select(DepartmentMember.user_id).where(DepartmentMember.department_id == instance.department_id)
            if role == "manager":
                query = query.where(DepartmentMember.is_manager)
        case "creator" | "assignee":
            return []
        case "staff":
            query = select(User.id).where(User.kind == "staff", User.is_active)
        case _:
            query = select(User.id).join(User.roles).where(Role.name == role.removeprefix("role."), User.is_active)
    return work.session.scalars(query.order_by("id" if role == "staff" else query.selected_columns[0])).all()


def owe_mail(
    work: Work,
    *,
    key: str,
    template: str,
    kind: str,
    to: int | None = None,
    address: str | None = None,
    scope: Mapping[str, Any],
    subject: Subject | None = None,
    language: str = "en",
    at: datetime | None = None,
    while_open: bool = False,
) -> None:
    """Owe one mail of the product itself, of a `kind` of `flows.rules.notices`, now or at `at`.

    `to` is a user, or `address` one that was just proved or asked for. What `scope` has as a function is kept as it
    reads in each language, until the mail is written in that of its reader. With `while_open` it is not sent after the
    end.
    """
    payload = {
        "template": template,
        "to": to,
        "address": address,
        "scope": {name: in_each(value) if callable(value) else value for name, value in scope.items()},
        "language": language,
        "kind": kind,
        "while_open": while_open,
    }
    write_effect(work, subject, key, "email", payload, at=at)


def owe_webhook(
    work: Work,
    *,
    key: str,
    url: str,
    event: str,
    body: Mapping[str, Any],
    subject: Subject,
    on_success: Mapping[str, Any] | None = None,
) -> None:
    """Owe one signed webhook of the product itself."""
    payload = {"url": url, "event": event, "body": dict(body), "on_success": dict(on_success) if on_success else None}
    write_effect(work, subject, key, "webhook", payload)


def owe_check(work: Work, upload_uid: str) -> None:
    """Owe a look at a file that was sent (X19)."""
    write_effect(work, None, f"check:{upload_uid}", "check", {"upload": upload_uid})


def owe_to_provider(
    work: Work,
    payment: Payment,
    kind: Literal["refund", "checkout"],
    what: str,
    *,
    at: datetime | None = None,
    incident: str = "",
) -> None:
    """Owe a payment provider something: a refund, or that a checkout is looked at or closed (`what`), now or at `at`.

    With `incident` people are told of it at once, in these words; their "Retry" still does it.
    """
    key = f"{payment.uid}:{what}"
    more: dict[str, Any] = {}
    if incident:
        more = {"state": "incident", "ended_at": work.now, "faults": [{"at": work.now.isoformat(), "detail": incident}]}
    name = payment.uid if what == kind else f"{what} {payment.uid}"
    payload = {"name": name, "with": {"payment": payment.uid, "what": what}}
    write_effect(work, payment.instance, key, kind, payload, at=at, **more)
    if incident:
        work.record(payment.instance, EffectGaveUp(f"{kind} {name}", incident, 0))


def _add(
    work: Work,
    instance: Instance,
    chain: str,
    position: int,
    kind: str,
    payload: dict[str, Any],
    suffix: str = "",
    **more: Any,
) -> None:
    key = f"{chain}:{position}:{kind}{suffix}"
    write_effect(work, instance, key, kind, payload, chain=chain, position=position, **more)
