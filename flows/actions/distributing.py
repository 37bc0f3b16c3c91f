"""Who of a department gets what comes in: nobody, each in turn, or whoever has least to do; under one lock (B6)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from flows import access
from flows.actions import standing_in
from flows.models import Department, DepartmentMember, Instance, User
from flows.work import Work


def choose(work: Work, strategy: str | None, department_id: int | None) -> User | None:
    """The member to give it to; None for `unassigned`, without a department, or when nobody is there.

    The department's row is locked, so that two at the same moment do not both go to the same member. Who is away is
    passed over when somebody else is there, and stood in for otherwise (X6).
    """
    if strategy not in ("round_robin", "least_busy") or department_id is None:
        return None
    # Without the key: the new instance's reference to this row holds the key already, in every one of two twins.
    locked = select(Department).where(Department.id == department_id).with_for_update(of=Department, key_share=True)
    department: Department = access.locked(work, locked)
    members = _members(work, department_id)
    if not members:
        return None
    there = [one for one in members if standing_in.who_is_there(work.session, one, work.now) is one] or members
    chosen = _next(there, department.last_given_id) if strategy == "round_robin" else _least_busy(work, there)
    department.last_given_id = chosen.id
    return standing_in.who_is_there(work.session, chosen, work.now)


def _members(work: Work, department_id: int) -> Sequence[User]:
    query = select(User).join(DepartmentMember, DepartmentMember.user_id == User.id)
    here = query.where(DepartmentMember.department_id == department_id, User.is_active, User.kind == "staff")
    return work.session.scalars(here.order_by(User.id)).all()


def _next(members: Sequence[User], last: int | None) -> User:
    """In the order of their ids, beginning again after the last."""
    return next((one for one in members if last is not None and one.id > last), members[0])


def _least_busy(work: Work, members: Sequence[User]) -> User:
    """Whoever has fewest open instances; of equals the one who comes first."""
    query = (
        select(Instance.assignee_id, func.count(Instance.id))
        .where(Instance.assignee_id.in_([one.id for one in members]), Instance.closed_at.is_(None))
        .group_by(Instance.assignee_id)
    )
    busy: dict[int | None, int] = dict(work.session.execute(query).all())
    return min(members, key=lambda one: (busy.get(one.id, 0), one.id))
