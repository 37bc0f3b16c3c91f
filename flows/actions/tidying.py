"""What has served its time is forgotten, so that no table grows for ever."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete

from flows.clock import clock
from flows.models import Replay, SignInCode, Tally
from flows.work import Work

KEPT = timedelta(hours=24)


def forget_the_past(work: Work) -> None:
    """Answers kept for repeated requests, counts of tries and codes that sign nobody in, a day after their time."""
    past = {Replay: Replay.created_at, Tally: Tally.window_at, SignInCode: SignInCode.expires_at}
    for rows, moment in past.items():
        gone = delete(rows).where(moment < clock.wall() - KEPT)
        work.session.execute(gone, execution_options={"synchronize_session": False})
