"""Writers that end in another order than they began while a phone asks: nothing is lost (D5, ADR 0016)."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Update, select, update

from flows.access import read_as
from flows.db import db
from flows.models import Instance
from flows.rules.actors import SYSTEM
from flows.sessions import WRITES
from flows.work import end_reading
from tests.api.conftest import Phone, order_coro, task_of
from tests.api.syncing import Copy, fresh
from tests.world import World

pytestmark = pytest.mark.requirement("D5")
WRITERS, EACH = 4, 12


def renamed(uid: str, title: str) -> Update:
    return update(Instance.__table__).where(Instance.__table__.c.uid == uid).values(title=title)  # type: ignore[arg-type]


@pytest.mark.parametrize("database", ["postgres"])
def test_who_began_first_and_ends_last_is_not_lost(buyer: Phone, world: World) -> None:
    early, late = (task_of(order_coro(buyer, world)) for _ in range(2))
    copy = Copy(buyer)
    copy.sync()
    with db.engine.connect() as first, db.engine.connect() as second:
        first.execute(renamed(early, "Early"))
        second.execute(renamed(late, "Late"))
        second.commit()
        copy.sync()
        assert copy.of("instance")[late]["title"] == "Late"
        first.commit()
    copy.sync()
    assert copy.of("instance")[early]["title"] == "Early"
    copy.sync()
    assert copy.sync() == [], "once all have ended nothing is told twice"


def test_writers_and_a_reader_at_once(buyer: Phone, world: World) -> None:
    uids = [task_of(order_coro(buyer, world)) for _ in range(6)]
    copy = Copy(buyer, limit=2)
    copy.sync()
    engine = db.engine

    def write(number: int) -> None:
        dice = random.Random(number)
        for turn in range(EACH):
            with engine.connect().execution_options(**{WRITES: True}) as connection:
                connection.execute(renamed(dice.choice(uids), f"{number}.{turn}"))
                time.sleep(dice.random() * 0.02)
                connection.commit()

    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(write, number) for number in range(WRITERS)]
        while not all(writer.done() for writer in writers):
            copy.sync()
        for writer in writers:
            writer.result()
    copy.sync()
    end_reading()
    titles = dict(read_as(SYSTEM).execute(select(Instance.uid, Instance.title)).all())
    assert {uid: row["title"] for uid, row in copy.of("instance").items()} == titles
    assert copy.kept == fresh(buyer)
