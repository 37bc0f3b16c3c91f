"""Who may decide on answers that wait for approval, and what it takes (Q17, Q18, X7)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from flows.rules.actors import Actor
from flows.rules.answers.shapes import is_blank
from flows.rules.people import Standing, in_words, is_among
from flows.words import gettext as _


class ApprovalLike(Protocol):
    """The `approval` of a step, as far as the rules look at it."""

    @property
    def by(self) -> Sequence[str]: ...
    @property
    def need(self) -> int: ...
    @property
    def returns(self) -> int | None: ...


class Absent(Protocol):
    """A colleague who is away, as far as the rules look at one."""

    @property
    def user_id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def roles(self) -> Collection[str]: ...


@dataclass(frozen=True)
class Right:
    """Why somebody may not decide, in a sentence, else empty; `instead_of` is the colleague for whom they stand in."""

    refusal: str = ""
    instead_of: str = ""


def refusal_to_review(
    actor: Actor,
    approval: ApprovalLike | None,
    submitted_by: int | None,
    standing: Standing,
    covering: Collection[str] = (),
) -> str | None:
    """Why this actor may not decide, in a sentence; None when they may. Nobody approves what they submitted (X7)."""
    if approval is None:
        return _("This step needs no approval")
    if not (actor.is_staff and actor.may("review")):
        return _('Your role does not grant "%(permission)s"', permission="review")
    if submitted_by is not None and submitted_by == actor.user_id:
        return _("You sent these answers yourself, so somebody else has to review them")
    if not is_among(actor, approval.by, standing, covering):
        return _("This is reviewed by %(people)s", people=in_words(approval.by))
    return None


def right_to_review(
    actor: Actor,
    approval: ApprovalLike | None,
    submitted_by: int | None,
    standing: Standing,
    *,
    away: Callable[[], Iterable[Absent]] = tuple,
    approvers: Collection[int | None] = (),
) -> Right:
    """Whether this actor may decide: by themselves, or instead of one of those who are `away` (X6).

    `away` is asked only when they may not by themselves. Four eyes hold for them too: nobody decides for the one who
    sent the answers, and nobody twice.
    """
    if actor.user_id in approvers:
        return Right(_("You have approved this already; somebody else has to approve it too"))
    by_themselves = refusal_to_review(actor, approval, submitted_by, standing)
    if by_themselves is None:
        return Right()
    for colleague in away():
        if colleague.user_id == submitted_by:
            continue
        if refusal_to_review(actor, approval, submitted_by, standing, colleague.roles) is None:
            return Right(instead_of=colleague.name)
    return Right(by_themselves)


def is_changed(before: Any, after: Any) -> bool:
    """Whether an answer is another one, by what was given and not by how it reads: both in clear, files by their ids.

    What was left empty is the same however it was left so.
    """
    return before != after and not (is_blank(before) and is_blank(after))


def is_enough(approval: ApprovalLike, approvers: Collection[int | None]) -> bool:
    """Whether these approvals, each by somebody else, complete the step."""
    return len(set(approvers)) >= approval.need


def may_return_again(approval: ApprovalLike, returns: int) -> bool:
    """Whether it may be handed back once more after so many times."""
    return approval.returns is None or returns < approval.returns
