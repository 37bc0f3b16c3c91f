"""What happened, in a sentence: every fact of a timeline, worded when it is read and for whoever reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flows import catalogue
from flows.catalogue.translation import sayings_in
from flows.rules.words import moment_in_words, money_in_words
from flows.words import N_, USUAL, language, retold
from flows.words import gettext as _

Facts = Mapping[str, Any]

SENTENCES = {
    "adjusted": N_("Brought up to date"),
    "instance_started": N_("Created"),
    "step_opened": N_("%(title)s: can start now"),
    "step_submitted": N_("%(title)s: answers sent"),
    "step_completed": N_("%(title)s: completed"),
    "instance_completed": N_("Task completed"),
    "instance_closed": N_("Task closed"),
    "instance_cancelled": N_("Task cancelled. %(reason)s"),
    "instance_expired": N_("Task expired on %(expired_at)s"),
    "instance_overdue": N_("Task overdue since %(due_at)s"),
    "timer_fired": N_("Reminder sent by hand"),
    "timer_missed": N_("Reminder %(n)s was not sent: a newer one took its place"),
    "message_sent": N_("Message sent"),
    "note_written": N_("Note written"),
    "child_started": N_("Task %(child)s: %(title)s"),
    "step_approved": N_("%(title)s: approved"),
    "step_returned": N_("%(title)s: returned. %(message)s"),
    "step_reopened": N_("%(title)s: reopened. %(reason)s"),
    "step_confirmed": N_("%(title)s: checked again"),
    "step_overdue": N_("%(title)s: due since %(due_at)s"),
    "step_added": N_("Step added: %(title)s"),
    "field_added": N_("%(title)s: question added, %(label)s"),
    "due_date_changed": N_("Due date moved to %(due_at)s. %(reason)s"),
    "expiry_extended": N_("More time given, until %(expires_at)s: %(reason)s"),
    "migration_undone": N_("Moved back from version %(before)s of the flow to version %(after)s, as it was before"),
    "linked": N_("%(label)s: %(to)s"),
    "unlinked": N_("%(label)s: no longer %(from_)s. %(reason)s"),
    "instance_reopened": N_("Taken up again. %(reason)s"),
    "reopening_asked": N_("Asked to take it up again. %(reason)s"),
    "rated": N_("Rated %(score)s of %(scale)s"),
    "payment_begun": N_("%(title)s: payment of %(money)s begun"),
    "payment_on_its_way": N_("%(title)s: %(money)s is on its way"),
    "payment_received": N_("%(title)s: %(money)s received"),
    "payment_failed": N_("%(title)s: the payment did not go through. %(why)s"),
    "payment_unexpected": N_("%(title)s: %(money)s came and is being paid back, because %(why)s"),
    "payment_refunded": N_("%(money)s refunded"),
    "sensitive_read": N_("%(label)s was shown in clear"),
    "mail_sent": N_("Mail sent to %(to)s: %(subject)s"),
    "effect_gave_up": N_("%(what)s gave up after %(tries)s tries: %(cause)s"),
    "effect_retried": N_("%(what)s is tried again"),
    "effect_skipped": N_("%(what)s was skipped: %(reason)s"),
    "order_placed": N_("Order placed, %(money)s"),
    "order_awaiting_details": N_("Waiting for details"),
    "order_finalised": N_("Order finalised"),
    "provisioning_requested": N_("%(name)s: set-up requested"),
    "line_provisioned": N_("%(name)s: set up"),
    "order_completed": N_("Order completed"),
    "order_cancelled": N_("Order cancelled. %(text)s"),
    "order_failed": N_("Set-up ran into a problem; we are looking into it"),
}
OURS = ("reason", "why", "cause", "text")
"""Facts that may hold a sentence of ours, beside what people wrote themselves."""
FROM_THE_FLOW = ("title", "label", "now", "now_for_customer")
"""Facts that hold words of the flow, as it said them then."""
CHILD_ENDED = {
    "completed": N_("Task %(child)s completed: %(title)s"),
    "cancelled": N_("Task %(child)s cancelled: %(title)s"),
    "expired": N_("Task %(child)s expired: %(title)s"),
}
PRIORITIES = {"low": N_("low"), "normal": N_("normal"), "high": N_("high"), "urgent": N_("urgent")}
"""In the middle of a sentence."""


def sentence(kind: str, facts: Facts, zone: str, translated: Mapping[str, str]) -> str:
    """A fact as people say it. `translated` are words of its flow in the reader's language, by those of the file."""
    told = {
        **facts,
        **{name: retold(facts[name]) for name in OURS if facts.get(name)},
        **{name: translated.get(facts[name], facts[name]) for name in FROM_THE_FLOW if name in facts},
        **{name: _moment(facts[name], zone) for name in ("due_at", "expires_at", "expired_at") if facts.get(name)},
    }
    if "amount_minor" in facts or "total_minor" in facts:
        told["money"] = money_in_words(facts.get("amount_minor", facts.get("total_minor", 0)), facts["currency"])
    say = _BY_KIND.get(kind)
    return (say(told) if say is not None else "") or _(SENTENCES[kind], **told).strip()


def words_of_flow(flow: str = "") -> dict[str, str]:
    """What a flow says in the reader's language, by its own words, as facts keep them; without a name, every flow."""
    if language() == USUAL:
        return {}
    served = catalogue.current().flows
    flows = served.values() if not flow else filter(None, [served.get(flow)])
    every = [sayings_in(catalogue.current(), loaded, language()) for loaded in flows]
    return {own: said for sayings in every for own, said in sayings.items()}


def _commented(facts: Facts) -> str:
    return str(facts["text"]) or _("Attached %(files)s", files=", ".join(facts["files"]))


def _timer_fired(facts: Facts) -> str:
    if not facts["n"]:
        return ""
    return _("Reminder %(n)s of %(total)s sent", **facts) if facts["total"] else _("Reminder %(n)s sent", **facts)


def _started(facts: Facts) -> str:
    return _("Created as a part of %(parent)s", **facts) if facts.get("parent") else ""


def _acted(facts: Facts) -> str:
    said = _("%(label)s, now %(now)s.", **facts) if facts["after"] != facts["before"] else f"{facts['label']}."
    return f"{said} {facts['comment']}".strip()


def _due_date_changed(facts: Facts) -> str:
    return "" if facts["due_at"] else _("There is no due date any more. %(reason)s", **facts).strip()


def _migrated(facts: Facts) -> str:
    if not facts["reasons"]:
        return _("Moved from version %(before)s of the flow to version %(after)s; nothing changes for anybody", **facts)
    what = ". ".join(text[:1].upper() + text[1:] for text in facts["reasons"])
    return _("Moved from version %(before)s of the flow to version %(after)s. %(what)s", **facts, what=what)


def _assigned(facts: Facts) -> str:
    if facts["to"] == "nobody" and facts.get("before"):
        said = _("Taken from %(before)s; unassigned now.", **facts)
    elif facts["to"] == "nobody":
        said = _("Taken from nobody; unassigned now.")
    elif facts.get("instead_of"):
        said = _("Assigned to %(to)s, who stands in for %(instead_of)s.", **facts)
    else:
        said = _("Assigned to %(to)s.", **facts)
    return f"{said} {retold(facts.get('note', ''))}".strip()


def _amount_changed(facts: Facts) -> str:
    now, before = money_in_words(facts["after_minor"], facts["currency"]), facts["before_minor"]
    if before is None:
        said = _("%(title)s: the amount is now %(now)s", title=facts["title"], now=now)
    else:
        was = money_in_words(before, facts["currency"])
        said = _("%(title)s: the amount is now %(now)s, it was %(was)s", title=facts["title"], now=now, was=was)
    reason = facts.get("reason", "").strip(" .")
    return f"{said}. {reason}" if reason else said


def _gave_up(facts: Facts) -> str:
    return "" if facts["tries"] else str(facts["cause"])  # else people were told before anything was tried


def _escalated(facts: Facts) -> str:
    if not facts["to"]:
        return _("%(title)s: nobody has reviewed it yet; nobody was told", **facts)
    to = ", ".join(facts["to"])
    return _("%(title)s: nobody has reviewed it yet; %(people)s was told", title=facts["title"], people=to)


def _submitted(facts: Facts) -> str:
    return _("%(title)s: sent again (attempt %(attempt)s)", **facts) if facts["attempt"] > 1 else ""


def _child_ended(facts: Facts) -> str:
    return _(CHILD_ENDED[facts["status"]], **facts)


def _priority_changed(facts: Facts) -> str:
    after, before = _(PRIORITIES[facts["after"]]), _(PRIORITIES[facts["before"]])
    return _("Priority is %(after)s, it was %(before)s", after=after, before=before)


def _moment(iso: str, zone: str) -> str:
    return moment_in_words(datetime.fromisoformat(iso), zone)


_BY_KIND: Mapping[str, Callable[[Facts], str]] = {
    "commented": _commented,
    "commented_internally": _commented,
    "timer_fired": _timer_fired,
    "instance_started": _started,
    "acted": _acted,
    "due_date_changed": _due_date_changed,
    "instance_migrated": _migrated,
    "assigned": _assigned,
    "amount_changed": _amount_changed,
    "effect_gave_up": _gave_up,
    "review_escalated": _escalated,
    "step_submitted": _submitted,
    "child_ended": _child_ended,
    "priority_changed": _priority_changed,
}
"""Those whose sentence depends on more than its kind; "" takes the usual one."""
