"""What every kind of difference means for the instances that are moved: harmless, something new to do, or lost."""

from __future__ import annotations

from typing import Any

from flows.authoring.diff.changes import HARMLESS, LATER, NEW_ONES

PARTY = {"customer": "the customer", "staff": "staff", "system": "the system"}
LIMITS = frozenset({
    "min", "max", "max_length", "pattern", "accept", "max_mb", "multiple", "max_items", "within", "currency",
})  # fmt: skip


def of_flow_key(key: str, before: Any, _after: Any) -> str:
    match key:
        case "deadline" | "expires":
            return "other dates: they move, unless somebody has set them by hand"
        case "archived":
            return NEW_ONES
        case "messaging" | "rating" | "cancel":
            return "holds for running ones from now on"
        case "type" if before == "Case":
            return "cannot be moved: the reference of a running one would change"
    return HARMLESS


def of_new_step(facts: Any) -> str:
    return f"a new step for {PARTY[facts['actor']]}" + (", where its condition holds" if facts["when"] else "")


def of_step_key(key: str, before: Any, after: Any) -> str:
    match key:
        case "actor":
            return f"while it is open, it is for {PARTY[after]} now"
        case "when" | "needs" | "done_when":
            return "may open, wait, be hidden or be completed by itself"
        case "approval" if not after:
            return "cannot be moved while it waits for approval"
        case "approval" if not before:
            return "waits for approval once it is sent; completed, it stays completed"
        case "payment":
            return "cannot be moved while money is on its way; completed, it is not paid again"
        case "deadline":
            return "other dates: it is due at another time while it is open"
        case "do" | "outcome" | "assign" | "approval":
            return LATER
    return HARMLESS


def of_new_question(facts: Any) -> str:
    if not facts.get("required"):
        return HARMLESS
    return "a new question while the step is open; completed, it goes without the answer"


def of_question_key(key: str, before: Any, after: Any) -> str:
    match key:
        case "type":
            return "lost answers: one that does not fit stays in the history; if it is required, it cannot be moved"
        case "options" if {*(before or {})} - {*(after or {})}:
            return "lost answers: an option that was chosen is gone; if an answer is required, it cannot be moved"
        case "options_from" | "item":
            return "lost answers, where one does not fit any more"
        case "required" if after:
            return "a step that is open has to say it; completed, it goes without"
        case "when":
            return "may be asked, or not any more"
        case "sensitive" | "visible_to":
            return "answers that were given are guarded like new ones"
    return "answers stay; those to come are held to it" if key in LIMITS else HARMLESS


def of_state_key(key: str, before: Any, after: Any) -> str:
    if key != "is":
        return HARMLESS
    ends = after in ("done", "cancelled") and before not in ("done", "cancelled")
    return "cannot be moved while they are in it: they would end at once" if ends else f"they count as {after} now"


def of_old_action(_facts: Any) -> str:
    return "nobody can take it any more"
