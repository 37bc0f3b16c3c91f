"""What has served its time is forgotten, so that no table grows for ever."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from itertools import islice

from sqlalchemy import delete, or_, select, update

from flows import store
from flows.access import read_as
from flows.clock import clock
from flows.models import Device, FlowMigration, Replay, SignIn, SignInCode, Tally, Upload
from flows.rules.actors import SYSTEM
from flows.work import Work, end_reading

KEPT = timedelta(hours=24)
UNSENT_KEPT = timedelta(days=7)
UNDO_KEPT = timedelta(days=90)
BATCH = 500


def forget_the_past(work: Work) -> None:
    """Answers kept for repeated requests, counts of tries, codes that sign nobody in and devices that are signed out, a
    day after their time; files that nothing holds after seven; the way back from a move to another version of a flow
    after ninety."""
    past = {Replay: Replay.created_at, Tally: Tally.window_at, SignInCode: SignInCode.expires_at}
    for rows, moment in past.items():
        gone = delete(rows).where(moment < clock.wall() - KEPT)
        work.session.execute(gone, execution_options={"synchronize_session": False})
    over = select(SignIn.id).where(
        or_(SignIn.revoked_at < clock.wall() - KEPT, SignIn.expires_at < clock.wall() - KEPT)
    )
    signed_out = delete(Device).where(Device.sign_in_id.in_(over))
    work.session.execute(signed_out, execution_options={"synchronize_session": False})
    no_way_back = update(FlowMigration).where(FlowMigration.at < work.now - UNDO_KEPT, FlowMigration.after != "")
    work.session.execute(no_way_back.values(before={}, after=""), execution_options={"synchronize_session": False})
    unsent = delete(Upload).where(Upload.instance_id.is_(None), Upload.created_at < work.now - UNSENT_KEPT)
    work.session.execute(unsent, execution_options={"synchronize_session": False})


def remove_lost_bytes() -> int:
    """Take away the bytes that no upload names, once they are a day old; returns how many files went.

    Never within a work: what is taken away does not come back with a rollback.
    """
    store.sweep()
    kept, removed = store.old(), 0
    while batch := list(islice(kept, BATCH)):
        needed = _named(batch)
        removed += sum(store.remove_old(sha256) for sha256 in batch if sha256 not in needed)
    return removed


def _named(batch: Collection[str]) -> set[str]:
    reading = read_as(SYSTEM)
    named = {
        sha256
        for column in (Upload.sha256, Upload.preview_sha256)
        for sha256 in reading.scalars(select(column).where(column.in_(batch)))
        if sha256 is not None
    }
    end_reading()
    return named
