"""What every kind of difference means for the instances that are moved: harmless, something new to do, or lost."""

from __future__ import annotations

from typing import Any

from flows.authoring.diff.changes import HARMLESS, LATER, NEW_ONES
from flows.words import N_

NEW_STEP = {
    ("customer", False): N_("a new step for the customer"),
    ("customer", True): N_("a new step for the customer, where its condition holds"),
    ("staff", False): N_("a new step for staff"),
    ("staff", True): N_("a new step for staff, where its condition holds"),
    ("system", False): N_("a new step for the system"),
    ("system", True): N_("a new step for the system, where its condition holds"),
}
NOW_FOR = {
    "customer": N_("while it is open, it is for the customer now"),
    "staff": N_("while it is open, it is for staff now"),
    "system": N_("while it is open, it is for the system now"),
}
COUNTS_AS = {
    "todo": N_("they count as todo now"),
    "doing": N_("they count as doing now"),
    "done": N_("they count as done now"),
    "cancelled": N_("they count as cancelled now"),
}
LIMITS = frozenset({
    "min", "max", "max_length", "pattern", "accept", "max_mb", "multiple", "max_items", "within", "currency",
})  # fmt: skip


def of_flow_key(key: str, before: Any, _after: Any) -> str:
    match key:
        case "deadline" | "expires":
            return N_("other dates: they move, unless somebody has set them by hand")
        case "archived":
            return NEW_ONES
        case "messaging" | "rating" | "cancel":
            return N_("holds for running ones from now on")
        case "type" if before == "Case":
            return N_("cannot be moved: the reference of a running one would change")
    return HARMLESS


def of_new_step(facts: Any) -> str:
    return NEW_STEP[facts["actor"], bool(facts["when"])]


def of_step_key(key: str, before: Any, after: Any) -> str:
    match key:
        case "actor":
            return NOW_FOR[after]
        case "when" | "needs" | "done_when":
            return N_("may open, wait, be hidden or be completed by itself")
        case "approval" if not after:
            return N_("cannot be moved while it waits for approval")
        case "approval" if not before:
            return N_("waits for approval once it is sent; completed, it stays completed")
        case "payment":
            return N_("cannot be moved while money is on its way; completed, it is not paid again")
        case "deadline":
            return N_("other dates: it is due at another time while it is open")
        case "do" | "outcome" | "assign" | "approval":
            return LATER
    return HARMLESS


def of_new_question(facts: Any) -> str:
    if not facts.get("required"):
        return HARMLESS
    return N_("a new question while the step is open; completed, it goes without the answer")


def of_question_key(key: str, before: Any, after: Any) -> str:
    match key:
        case "type":
            return N_("lost answers: one that does not fit stays in the history; if it is required, it cannot be moved")
        case "options" if {*(before or {})} - {*(after or {})}:
            return N_("lost answers: an option that was chosen is gone; if an answer is required, it cannot be moved")
        case "options_from" | "item":
            return N_("lost answers, where one does not fit any more")
        case "required" if after:
            return N_("a step that is open has to say it; completed, it goes without")
        case "when":
            return N_("may be asked, or not any more")
        case "sensitive" if before:
            return N_("stays private in a request that answered it while it was")
        case "sensitive" | "visible_to":
            return N_("answers that were given are guarded like new ones")
    return N_("answers stay; those to come are held to it") if key in LIMITS else HARMLESS


def of_state_key(key: str, before: Any, after: Any) -> str:
    if key != "is":
        return HARMLESS
    ends = after in ("done", "cancelled") and before not in ("done", "cancelled")
    return N_("cannot be moved while they are in it: they would end at once") if ends else COUNTS_AS[after]


def of_old_action(_facts: Any) -> str:
    return N_("nobody can take it any more")
