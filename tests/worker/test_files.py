"""What becomes of files without anybody asking: the unsent ones are tidied away, and lost bytes are noticed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from flows import access, store
from flows.access import read_as
from flows.actions import submitting
from flows.models import Upload
from flows.queries import invariants
from flows.rules.actors import SYSTEM
from flows.settings import Settings
from flows.work import end_reading, unit_of_work
from tests import samples
from tests.files_play import begin, ready, repair_flow, send, upload
from tests.world import World
from worker import jobs
from worker.tick import Ticker

NOBODY = "unix:///nowhere/valkey.sock"


@pytest.mark.requirement("X19")
def test_files_that_nobody_sent_go_with_their_bytes(app: Flask, world: World, move_clock: Callable[..., Any]) -> None:
    kept = ready(world.tenant)
    sha256 = upload(kept).sha256
    then = time.time() - 2 * 24 * 3600
    os.utime(store.path_of(sha256), (then, then))
    Ticker(app, NOBODY)._tidy_daily()
    assert store.size_of(sha256) is not None
    move_clock(days=8)
    Ticker(app, NOBODY)._tidy_daily()
    assert count_of(Upload) == 0
    assert store.size_of(sha256) is None


def count_of(model: Any) -> int:
    end_reading()
    return read_as(SYSTEM).scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.requirement("X19")
def test_bytes_of_an_attached_file_that_are_lost_are_found(app: Flask, world: World) -> None:
    says = "the bytes of every file that was sent are in the store"
    with repair_flow():
        ref = begin(world.agent)
        photo, other = ready(world.tenant), ready(world.tenant, "a.pdf", samples.pdf())
        with unit_of_work(world.tenant) as work:
            instance = access.instance_to_change(work, ref)
            submitting.submit(work, instance, access.step_of(instance, "photos"), {"photos": [photo, other]})
    assert invariants.broken(read_as(SYSTEM))[says] == []
    store.path_of(upload(photo).preview_sha256 or "").unlink()
    assert invariants.broken(read_as(SYSTEM))[says] == [photo]
    store.path_of(upload(other).sha256).write_bytes(b"something else")
    assert set(invariants.broken(read_as(SYSTEM))[says]) == {photo, other}


@pytest.mark.requirement("X19")
def test_without_redis_the_ticker_looks_at_files_itself(app: Flask, world: World) -> None:
    uid = send(world.tenant)
    Ticker(app, NOBODY).turn()
    assert upload(uid).state == "ready"


def test_one_poison_among_many_hides_no_other(world: World) -> None:
    uids = [send(world.tenant, "cut.jpg", samples.located()[:9000]), send(world.tenant)]
    ids = range(1, len(uids) + 1)
    jobs.deliver(ids)
    assert [upload(uid).state for uid in uids] == ["refused", "ready"]


@pytest.mark.parametrize("database", ["sqlite"])
def test_no_decoder_is_ever_loaded_by_the_product_itself(settings: Settings) -> None:
    """Neither by the web process nor by a worker: pictures are opened in a process of their own."""
    asked = "import worker.tick, wsgi, sys; print(sorted({'PIL', 'pillow_heif'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
