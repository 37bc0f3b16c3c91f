"""Files from their sender to an instance: taken, held by a draft, sent; and refused in every other case."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from flows import access, store
from flows import settings as settings_room
from flows.actions import attaching, beginning, receiving, submitting, tidying
from flows.actions.beginning import Wish
from flows.models import Effect, Instance, Submission, Upload
from flows.rules import uploads
from flows.rules.actors import SYSTEM, Actor
from flows.rules.errors import Busy, Invalid, OutOfStep, Problem, Refused
from flows.settings import Settings
from flows.work import end_reading, unit_of_work
from tests import samples
from tests.actions.test_races import at_once
from tests.files_play import begin, look_at_all, ready, repair_flow, send, upload
from tests.world import World


@pytest.fixture(autouse=True)
def served(app: object) -> Iterator[None]:
    with repair_flow():
        yield


@pytest.fixture
def ref(world: World) -> str:
    return begin(world.agent)


def submit(actor: Actor, ref: str, answers: Mapping[str, Any], step: str = "photos") -> None:
    with unit_of_work(actor) as work:
        instance = access.instance_to_change(work, ref)
        submitting.submit(work, instance, access.step_of(instance, step), answers)


def draft(actor: Actor, ref: str, answers: Mapping[str, Any]) -> list[Problem]:
    with unit_of_work(actor) as work:
        instance = access.instance_to_change(work, ref)
        return submitting.save_draft(work, instance, access.step_of(instance, "photos"), answers)


def problems(actor: Actor, ref: str, answers: Mapping[str, Any], step: str = "photos") -> list[tuple[str, str, str]]:
    with pytest.raises(Invalid) as refused:
        submit(actor, ref, answers, step)
    return [(one.pointer, one.code, one.detail) for one in refused.value.problems]


@pytest.mark.requirement("X19")
def test_files_are_answers_and_stay_with_what_they_were_sent_for(world: World, ref: str) -> None:
    photo, plan = ready(world.tenant), ready(world.tenant, "plan.pdf", samples.pdf())
    submit(world.tenant, ref, {"photos": [photo], "rooms": [{"name": "Kitchen", "plan": [plan]}]})
    for uid, field in ((photo, "photos"), (plan, "rooms.plan")):
        sent = upload(uid)
        assert (sent.step, sent.field) == ("photos", field)
        assert sent.attached_at is not None
    end_reading()
    [attempt] = access.read_as(SYSTEM).scalars(select(Submission))
    assert attempt.answers["photos"] == [photo]


@pytest.mark.requirement("X19")
def test_what_is_wrong_is_said_of_each_file(world: World, ref: str) -> None:
    late, evil = send(world.tenant, "late.jpg"), send(world.tenant, "evil.jpg", samples.located()[:9000])
    text, foreign = ready(world.tenant, "a.txt", b"words"), ready(world.stranger)
    with unit_of_work(SYSTEM) as work:
        work.session.scalars(select(Upload).where(Upload.uid == late)).one().state = "checking"
    assert upload(evil).state == "refused"
    assert problems(world.tenant, ref, {"photos": [late, evil, text]}) == [
        ("/photos/0", "upload_not_ready", "late.jpg is still being checked. Try again in a moment"),
        ("/photos/1", "upload_refused", "evil.jpg is cut off or damaged. Choose it again, or save it anew first"),
        ("/photos/2", "upload_type", "a.txt cannot be used here. Choose a JPG, PNG, GIF, WebP, HEIC or PDF file"),
    ]
    gone = "This file is not here any more. Choose it again"
    assert problems(world.tenant, ref, {"photos": [foreign, "up_nobody"]}) == [
        ("/photos/0", "upload_missing", gone),
        ("/photos/1", "upload_missing", gone),
    ], "what is somebody else's looks like what is not there"
    good = [ready(world.tenant) for _ in range(4)]
    assert problems(world.tenant, ref, {"photos": good}) == [
        ("/photos", "too_many", "Photos of the damage: choose 3 or fewer, not 4")
    ]
    assert upload(good[0]).instance_id is None


def test_a_file_below_a_list_has_its_own_limits(world: World, ref: str) -> None:
    photo = ready(world.tenant)
    large = ready(world.tenant, "plan.pdf", samples.pdf(b" " * (1024 * 1024)))
    assert problems(world.tenant, ref, {"photos": [photo], "rooms": [{"plan": [large]}]}) == [
        ("/rooms/0/plan/0", "upload_too_large", "plan.pdf has 1 MB, more than 1 MB. Choose a smaller file")
    ]


def test_a_file_belongs_to_one_thing(world: World, ref: str) -> None:
    photo, other = ready(world.tenant), begin(world.agent)
    submit(world.tenant, ref, {"photos": [photo]})
    assert problems(world.tenant, other, {"photos": [photo]})[0][1] == "upload_missing"


@pytest.mark.requirement("X14", "X19")
def test_a_draft_holds_its_files_for_everybody_who_works_on_it(world: World, move_clock: Callable[..., Any]) -> None:
    ref = begin(world.agent, world.acme)
    photo = send(world.acme_owner)
    assert [one.code for one in draft(world.acme_owner, ref, {"photos": [photo]})] == ["upload_not_ready"]
    look_at_all()
    assert upload(photo).instance_id is not None, "also while it was being checked"
    move_clock(days=30)
    with unit_of_work(SYSTEM) as work:
        tidying.forget_the_past(work)
    assert upload(photo).attached_at is None
    assert access.upload_to_open(world.buyer, photo).uid == photo
    submit(world.buyer, ref, {"photos": [photo]})
    assert upload(photo).attached_at is not None


def test_a_draft_lets_go_of_what_is_taken_out_of_it(world: World, ref: str) -> None:
    first, second = ready(world.tenant), ready(world.tenant)
    draft(world.tenant, ref, {"photos": [first, second]})
    draft(world.tenant, ref, {"photos": [second]})
    assert (upload(first).instance_id, upload(first).field) == (None, "")
    with unit_of_work(world.tenant) as work:
        instance = access.instance_to_change(work, ref)
        submitting.discard_draft(work, instance, access.step_of(instance, "photos"))
    assert upload(second).instance_id is None
    draft(world.tenant, ref, {"photos": [first, "up_nobody"], "note": 1})
    submit(world.tenant, ref, {"photos": [second]})
    assert upload(first).instance_id is None, "what was only in the draft is free again"


def test_a_draft_takes_nothing_of_others(world: World, ref: str) -> None:
    foreign = ready(world.stranger)
    draft(world.tenant, ref, {"photos": [foreign]})
    assert upload(foreign).instance_id is None


def test_fields_of_a_start_take_files(world: World) -> None:
    plan = ready(world.agent, "plan.pdf", samples.pdf())
    with unit_of_work(world.agent) as work:
        instance = beginning.start_by_staff(work, "report-a-repair", "usr_priya", Wish(fields={"plan": [plan]}))
        work.session.flush()
        ref = instance.reference
    assert (upload(plan).step, upload(plan).field) == ("", "plan")
    assert access.upload_to_open(world.tenant, plan).instance_id == access.instance_to_read(SYSTEM, ref).id
    mine = ready(world.tenant, "mine.pdf", samples.pdf())
    with pytest.raises(Invalid, match="not here any more"), unit_of_work(world.agent) as work:
        beginning.start_by_staff(work, "report-a-repair", "usr_priya", Wish(fields={"plan": [mine]}))


@pytest.mark.requirement("X19", "X20")
def test_who_may_open_a_file(world: World, ref: str) -> None:
    photo = ready(world.tenant)
    people = {"tenant": world.tenant, "stranger": world.stranger, "agent": world.agent, "reader": world.reader}

    def openers() -> set[str]:
        found = set()
        for name, actor in people.items():
            end_reading()
            with suppress(Refused):
                access.upload_to_open(actor, photo)
                found.add(name)
        return found

    assert openers() == {"tenant"}, "its sender alone, while nothing holds it"
    submit(world.tenant, ref, {"photos": [photo]})
    assert openers() == {"tenant", "agent", "reader"}
    with unit_of_work(SYSTEM) as work:
        work.session.scalars(select(Upload).where(Upload.uid == photo)).one().visible_to = ["staff"]
    assert openers() == {"agent", "reader"}


def test_nothing_is_opened_before_it_was_looked_at(world: World) -> None:
    photo = send(world.tenant)
    with pytest.raises(OutOfStep, match="still being checked"):
        access.upload_to_open(world.tenant, photo)
    look_at_all()
    with unit_of_work(SYSTEM) as work:
        row = work.session.scalars(select(Upload).where(Upload.uid == photo)).one()
        row.state, row.refusal = "refused", "ceiling.jpg has a virus inside"
    end_reading()
    with pytest.raises(OutOfStep, match="has a virus inside"):
        access.upload_to_open(world.tenant, photo)


def test_a_file_is_discarded_until_it_is_sent(world: World, ref: str) -> None:
    photo = ready(world.tenant)
    with pytest.raises(Refused), unit_of_work(world.stranger) as work:
        access.upload_to_change(work, photo)
    with unit_of_work(world.tenant) as work:
        attaching.discard(work, access.upload_to_change(work, photo))
    end_reading()
    assert access.read_as(SYSTEM).scalar(select(Upload)) is None
    sent = ready(world.tenant)
    submit(world.tenant, ref, {"photos": [sent]})
    with pytest.raises(OutOfStep, match="was sent already"), unit_of_work(world.tenant) as work:
        attaching.discard(work, access.upload_to_change(work, sent))


def test_nobody_fills_the_disk(world: World, monkeypatch: pytest.MonkeyPatch, move_clock: Callable[..., Any]) -> None:
    monkeypatch.setattr(attaching, "MOST_UNSENT", 2)
    send(world.tenant), send(world.tenant)
    with pytest.raises(Busy, match="2 files that are not sent yet"):
        send(world.tenant)
    send(world.stranger)
    monkeypatch.setattr(attaching, "MOST_UNSENT", 100)
    monkeypatch.setattr(attaching, "MOST_A_DAY", 3 * len(samples.picture()) - 1)
    with pytest.raises(Busy, match="within a day") as busy:
        send(world.tenant)
    assert busy.value.retry_after > 3600
    move_clock(hours=25)
    send(world.tenant)


def test_a_file_that_is_larger_than_allowed_is_not_kept(world: World, settings: Settings) -> None:
    settings_room.use(replace(settings, upload_mb=1))
    with pytest.raises(Invalid) as refused:
        send(world.tenant, "large.pdf", samples.pdf(b" " * uploads.MB))
    settings_room.use(settings)
    said = "large.pdf has more than 1 MB. Choose a smaller file"
    assert (refused.value.code, refused.value.detail) == ("upload-too-large", said)


def test_what_was_damaged_on_its_way_is_told_by_its_sum(world: World) -> None:
    with pytest.raises(Invalid, match="damaged on its way") as refused:
        receiving.receive(world.tenant, receiving.Sent("file", "a.jpg", io.BytesIO(samples.picture())), "0" * 64)
    assert refused.value.code == "upload-refused"


# --- tidying ----------------------------------------------------------------------------------------------------


def make_old(*uids: str) -> list[str]:
    """Let the bytes of these have lain for two days; their digests."""
    digests = [upload(uid).sha256 for uid in uids]
    for sha256 in digests:
        then = time.time() - 2 * 24 * 3600
        os.utime(store.path_of(sha256), (then, then))
    return digests


def test_what_nobody_sent_is_forgotten_after_a_week(world: World, ref: str, move_clock: Callable[..., Any]) -> None:
    unsent, held = ready(world.tenant), ready(world.tenant, "plan.pdf", samples.pdf())
    draft(world.tenant, ref, {"photos": [held]})
    move_clock(days=6)
    with unit_of_work(SYSTEM) as work:
        tidying.forget_the_past(work)
    assert upload(unsent).name == "ceiling.jpg"
    move_clock(days=1, hours=1)
    with unit_of_work(SYSTEM) as work:
        tidying.forget_the_past(work)
    end_reading()
    assert [one.uid for one in access.read_as(SYSTEM).scalars(select(Upload))] == [held]


def test_bytes_that_nobody_names_go_once_they_are_old(world: World, ref: str) -> None:
    kept, gone = ready(world.tenant), ready(world.tenant, "a.pdf", samples.pdf())
    young = ready(world.tenant, "b.pdf", samples.pdf(b"young"))
    preview = upload(kept).preview_sha256 or ""
    [kept_bytes, gone_bytes] = make_old(kept, gone)
    os.utime(store.path_of(preview), (0, time.time() - 2 * 24 * 3600))
    young_bytes = upload(young).sha256
    with unit_of_work(world.tenant) as work:
        for uid in (gone, young):
            attaching.discard(work, access.upload_to_change(work, uid))
    assert tidying.remove_lost_bytes() == 1
    assert store.size_of(gone_bytes) is None
    assert store.size_of(kept_bytes) is not None
    assert store.size_of(preview) is not None, "the preview is named too"
    assert store.size_of(young_bytes) is not None, "a row that names it may be on its way"
    assert tidying.remove_lost_bytes() == 0


def test_bytes_that_are_sent_again_meanwhile_stay(world: World) -> None:
    gone = ready(world.tenant)
    [sha256] = make_old(gone)
    assert list(store.old()) == [sha256]
    send(world.stranger)
    assert not store.remove_old(sha256), "they are young again"
    assert not store.remove_old("0" * 64)


def test_what_was_left_half_written_is_swept_away(world: World) -> None:
    folder = store.path_of("0" * 64).parents[1] / "incoming"
    send(world.tenant)
    for name, age in (("old", 2 * 24 * 3600), ("young", 10)):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (0, time.time() - age))
    store.sweep()
    assert [one.name for one in folder.iterdir()] == ["young"]


def test_a_check_is_owed_with_the_file(world: World) -> None:
    uid = send(world.tenant)
    end_reading()
    [owed] = access.read_as(SYSTEM).scalars(select(Effect).where(Effect.kind == "check"))
    assert (owed.payload, owed.state) == ({"upload": uid}, "pending")


def test_instances_and_files_meet_under_one_lock(world: World, ref: str) -> None:
    """A file that another work attaches at this moment is not there for this one."""
    photo = ready(world.tenant)
    with unit_of_work(world.tenant) as work:
        instance = access.instance_to_change(work, ref)
        [found] = access.uploads_to_attach(work, [photo], instance, "photos")
        assert found.uid == photo
        assert access.uploads_to_attach(work, [], instance, "photos") == []
        assert access.uploads_held(work, instance, "photos") == []
    with unit_of_work(SYSTEM) as work:
        row = work.session.scalars(select(Upload).where(Upload.uid == photo)).one()
        row.instance_id, row.step = work.session.scalars(select(Instance.id)).first(), "visit"
    with unit_of_work(world.tenant) as work:
        instance = access.instance_to_change(work, ref)
        assert access.uploads_to_attach(work, [photo], instance, "photos") == []
    assert timedelta(days=7) == tidying.UNSENT_KEPT


@pytest.mark.requirement("X19")
def test_two_requests_that_want_one_file_at_once(app: Flask, world: World) -> None:
    """Under the locks of their instances both would find it free; the file's own lock lets one have it."""
    for _ in range(5):
        refs, photo = (begin(world.agent), begin(world.agent)), ready(world.tenant)
        given = {"photos": [photo]}
        outcomes = at_once(app, *(lambda ref=ref, given=given: submit(world.tenant, ref, given) for ref in refs))
        assert sorted(outcomes) == ["done", "validation"], outcomes
