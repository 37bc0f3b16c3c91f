"""A running instance moves to another version of its flow, and back, without a word to anybody (X13)."""

from __future__ import annotations

from sqlalchemy import select

from flows import access
from flows.actions import planning, rewriting, settling, snapshots, staging, versions
from flows.actions.foreseeing import Prospect, foresee
from flows.events import InstanceMigrated, MigrationUndone
from flows.models import FlowMigration, FlowVersion, Instance, TimelineEvent
from flows.models.base import opaque_id
from flows.rules import stages, statuses
from flows.rules.errors import OutOfStep
from flows.rules.migrations import Plan
from flows.rules.migrations.clocks import UNCHANGED
from flows.rules.past import RENAMED
from flows.words import N_, USUAL, spoken
from flows.words import gettext as _
from flows.work import Work

MOST_NAMED = 3
BY_PEOPLE, BY_ITSELF = "mig", "fol"
"""What the name of a run begins with: somebody asked for it, or the flow says `running: follow`."""


class NotGreen(OutOfStep):
    """The plan does not let it move, or not without being asked for what is lost."""

    def __init__(self, reference: str, plan: Plan) -> None:
        super().__init__(f"{reference} is {plan.verdict}: {plan.in_words}")
        self.plan = plan


def new_run(prefix: str = BY_PEOPLE) -> str:
    """The name of one migration of however many instances: by it they are undone together."""
    return opaque_id(prefix)[:16]


def migrate(
    work: Work, instance: Instance, version: FlowVersion, *, yellow: bool = False, run: str | None = None
) -> Plan:
    """Run an instance on another published text of its flow; needs `flows`. The instance row is locked.

    Green ones move; with `yellow` those too of which something is lost or asked anew. Nobody is told and no effect is
    owed; steps, answers, progress, whose turn it is, dates and timers are as the engine would have them. Raises
    OutOfStep with every reason when it cannot or may not move, and when it has ended or runs on this version already.
    """
    access.require(work.actor, "flows")
    statuses.check_running(instance, work.now)
    if version.flow != instance.flow:
        raise OutOfStep(_("%(ref)s is not of the flow %(flow)s", ref=instance.reference, flow=version.flow))
    if version.id == instance.flow_version_id:
        raise OutOfStep(_("%(ref)s runs on version %(n)s already", ref=instance.reference, n=version.number))
    with spoken(USUAL):  # the reasons are kept with it, for whoever reads its history
        seen = foresee(work.session, instance, versions.of_version(version), work.now)
    if seen.plan.verdict == "red" or (seen.plan.verdict == "yellow" and not yellow):
        raise NotGreen(instance.reference, seen.plan)
    before = snapshots.take(work, instance)
    was = instance.flow_version
    _move(work, instance, version, seen)
    _note(work, instance, was, version, seen, before, run or new_run())
    return seen.plan


def undo(work: Work, instance: Instance, run: str | None = None) -> FlowMigration:
    """Take the last move of an instance back: every row is as it was before; needs `flows`. The row is locked.

    `run`: only if that was its last move. Raises OutOfStep when there is none, and with what happened since when
    anything did.
    """
    access.require(work.actor, "flows")
    query = select(FlowMigration).where(FlowMigration.instance_id == instance.id, FlowMigration.undone_at.is_(None))
    last = work.session.scalar(query.order_by(FlowMigration.id.desc()).limit(1))
    if last is None or (run is not None and last.run != run):
        raise OutOfStep(_no_move(instance, last))
    if not last.before:
        said = _("%(ref)s moved too long ago: what it was like before is not kept any more", ref=instance.reference)
        raise OutOfStep(said)
    now = snapshots.take(work, instance)
    if snapshots.fingerprint(now) != last.after:
        since = _since(work, instance, last)
        raise OutOfStep(_("%(ref)s has gone on since it moved: %(since)s", ref=instance.reference, since=since))
    was, back_to = last.to_version.number, last.from_version.number
    snapshots.restore(work, last.before, now)
    work.session.refresh(instance)
    instance.version += 1
    for step in instance.steps:
        step.version += 1
    last.undone_at = work.now
    work.record(instance, MigrationUndone(was, back_to, last.run, _renamed_back(work, instance, last)))
    return last


def _move(work: Work, instance: Instance, version: FlowVersion, seen: Prospect) -> None:
    """Nobody did anything, so when somebody last did stays what it is."""
    active_at = instance.last_activity_at
    rewriting.rewrite(work, instance, version, seen)
    if seen.new.states:
        instance.state = seen.names.states[instance.state or ""]
        instance.status = stages.status_of(seen.new, instance.state)
        staging.follow_the_baton(work, instance)
    else:
        settling.settle(work, instance, seen.new, quietly=True)
    _set_clocks(work, instance, seen)
    instance.last_activity_at = active_at


def _set_clocks(work: Work, instance: Instance, seen: Prospect) -> None:
    clocks = seen.clocks
    if clocks.due_at is not UNCHANGED:
        instance.due_at = clocks.due_at
        planning.move_timer(work, instance, planning.DEADLINE, "overdue", clocks.due_at)
    if clocks.expires_at is not UNCHANGED:
        instance.expires_at = clocks.expires_at
        planning.move_timer(work, instance, planning.EXPIRY, "expiry", clocks.expires_at)
    for name, moment in clocks.steps_due.items():
        step = instance.step(name)
        assert step is not None
        planning.step_is_due(work, instance, step, moment)
    for name in sorted(clocks.ended - {*clocks.planned}):
        planning.end_timer(work, instance, name)
    for name, moments in clocks.planned.items():
        planning.plan_anew(work, instance, name, moments)


def _note(
    work: Work,
    instance: Instance,
    was: FlowVersion,
    version: FlowVersion,
    seen: Prospect,
    before: snapshots.Snapshot,
    run: str,
) -> None:
    reasons = [str(one) for one in seen.plan.reasons]
    renamed = {old: new for old, new in seen.names.fields.items() if old != new}
    work.record(instance, InstanceMigrated(was.number, version.number, seen.plan.verdict, run, reasons, renamed))
    work.session.add(
        FlowMigration(
            run=run,
            flow=instance.flow,
            organisation_id=instance.organisation_id,
            instance_id=instance.id,
            from_version_id=was.id,
            to_version_id=version.id,
            before=dict(before),
            after=snapshots.fingerprint(snapshots.take(work, instance)),
            seq=instance.event_seq,
            actor_name=work.actor.name,
            at=work.now,
        )
    )


def _renamed_back(work: Work, instance: Instance, move: FlowMigration) -> dict[str, str]:
    """What its questions were called before a move, by the names that the move gave them."""
    of_move = select(TimelineEvent.facts).where(TimelineEvent.instance_id == instance.id, TimelineEvent.seq == move.seq)
    facts = work.session.scalars(of_move).one()
    return {new: old for old, new in facts.get(RENAMED, {}).items()}


def _no_move(instance: Instance, last: FlowMigration | None) -> str:
    if last is None:
        return _("%(ref)s has no move to take back", ref=instance.reference)
    said = N_("%(ref)s has no move to take back; it was moved again since, by %(run)s")
    return _(said, ref=instance.reference, run=last.run)


def _since(work: Work, instance: Instance, last: FlowMigration) -> str:
    """What happened after the move, for whoever wanted to take it back."""
    later = select(TimelineEvent.kind).where(TimelineEvent.instance_id == instance.id, TimelineEvent.seq > last.seq)
    kinds = work.session.scalars(later.order_by(TimelineEvent.seq)).all()
    told = [kind.replace("_", " ") for kind in dict.fromkeys(kinds)]
    saved = [one.name for one in instance.steps if (one.draft_saved_at or last.at) > last.at]
    told += [_("a draft of “%(step)s” saved", step=name) for name in saved]
    return ", ".join(told[:MOST_NAMED]) or _("it was changed")
