"""Files that come with comments on cases and tasks: taken, shown to whom they are for, else refused (B11)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import pytest
from sqlalchemy import select

from flows import access
from flows.actions import attaching, commenting, versions
from flows.models import Effect, Notice
from flows.queries import comments, files, timeline
from flows.rules.actors import SYSTEM
from flows.rules.errors import Invalid, OutOfStep, Refused
from flows.work import end_reading, unit_of_work
from tests import samples
from tests.files_play import begin, look_at_all, ready, repair_flow, send, upload
from tests.stages.desk import Desk


def attach(desk: Desk, by: str, *uids: str, text: str = "", is_internal: bool = False) -> None:
    with unit_of_work(desk.people[by]) as work:
        instance = access.instance_to_change(work, desk.ref)
        commenting.comment(work, instance, text, is_internal, uids)


def refused(desk: Desk, by: str, *uids: str, text: str = "") -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as invalid:
        attach(desk, by, *uids, text=text)
    return [(one.pointer, one.code) for one in invalid.value.problems]


def listed(desk: Desk, by: str) -> list[str]:
    """The names of the attachments that this person is shown."""
    instance = desk.now()
    definition = versions.definition_of(access.read_as(SYSTEM), instance)
    return [one.name for one in files.sent_with(desk.people[by], instance, definition)]


def openers(desk: Desk, uid: str, people: Sequence[str] = ("priya", "stan", "gus", "rob", "liv")) -> set[str]:
    found = set()
    for name in people:
        end_reading()
        with suppress(Refused):
            access.upload_to_open(desk.people[name], uid)
            found.add(name)
    return found


@pytest.mark.requirement("B11", "B12", "B33")
@pytest.mark.parametrize("by", ["priya", "rob"])
def test_a_file_alone_or_with_words(desk: Desk, by: str) -> None:
    desk.raise_case()
    actor = desk.people[by]
    photo, plan = ready(actor, "door.jpg"), ready(actor, "plan.pdf", samples.pdf())
    attach(desk, by, photo)
    attach(desk, by, plan, text="And the plan")
    assert [one["files"] for one in desk.facts("commented")] == [["door.jpg"], ["plan.pdf"]]
    said = [one.sentence for one in timeline.of_instance(actor, desk.now()) if one.kind == "commented"]
    assert said == ["Attached door.jpg", "And the plan"]
    newest, oldest = comments.of(actor, desk.now()).rows
    assert [(one.text, [file.name for file in one.uploads]) for one in (oldest, newest)] == [
        ("", ["door.jpg"]),
        ("And the plan", ["plan.pdf"]),
    ]
    assert openers(desk, photo) == {"priya", "gus", "rob", "liv"}, "whoever reads the case, and no stranger"
    assert listed(desk, "priya") == listed(desk, "gus") == ["door.jpg", "plan.pdf"]


@pytest.mark.requirement("B33", "B11")
def test_whoever_attaches_takes_part(desk: Desk) -> None:
    desk.make_task(assignee="usr_gus")
    assert desk.box("liv", "related") == []
    attach(desk, "liv", ready(desk.people["liv"]))
    assert desk.box("liv", "related") == [desk.ref]


@pytest.mark.requirement("B11", "B12")
def test_an_internal_file_reaches_no_client(desk: Desk) -> None:
    desk.raise_case()
    secret = ready(desk.people["gus"], "SECRET-FILE.jpg")
    attach(desk, "gus", secret, text="SECRET-NOTE", is_internal=True)
    assert openers(desk, secret) == {"gus", "rob", "liv"}
    assert listed(desk, "priya") == []
    assert listed(desk, "rob") == ["SECRET-FILE.jpg"]
    priya, instance = desk.people["priya"], desk.now()
    assert "SECRET" not in str(timeline.of_instance(priya, instance))
    assert comments.of(priya, desk.now()).rows == []
    told = [str(row) for row in access.read_as(SYSTEM).scalars(select(Effect.payload))]
    told += access.read_as(SYSTEM).scalars(select(Notice.text))
    assert "SECRET" not in "".join(told), "no mail and no notice"


@pytest.mark.requirement("B11", "B12")
def test_a_clients_file_is_never_internal_and_that_of_a_hidden_task_is_not_there(desk: Desk) -> None:
    case = desk.raise_case().reference
    photo = ready(desk.people["priya"])
    attach(desk, "priya", photo, is_internal=True)
    assert upload(photo).visible_to == []
    desk.make_task(parent=case, is_internal=True)
    hidden = ready(desk.people["gus"], "hidden.jpg")
    attach(desk, "gus", hidden)
    assert openers(desk, hidden) == {"gus", "rob", "liv"}


@pytest.mark.requirement("B11")
def test_an_attachment_of_another_case_is_refused(desk: Desk) -> None:
    priya = desk.people["priya"]
    desk.raise_case()
    taken = ready(priya, "taken.jpg")
    attach(desk, "priya", taken)
    first = desk.ref
    desk.raise_case()
    assert refused(desk, "priya", taken) == [("/upload_ids/0", "upload_missing")]
    assert upload(taken).instance_id == desk.now(first).id


@pytest.mark.requirement("B11")
def test_what_another_comment_brought_stays_with_it(desk: Desk) -> None:
    """Not even on the same case: attached again, an internal file would become one for clients."""
    desk.raise_case()
    secret = ready(desk.people["gus"])
    attach(desk, "gus", secret, is_internal=True)
    for who in ("gus", "rob", "priya"):
        assert refused(desk, who, secret) == [("/upload_ids/0", "upload_missing")]
    assert upload(secret).visible_to == ["staff"]


@pytest.mark.requirement("B11")
def test_every_other_file_is_refused_by_its_place(desk: Desk) -> None:
    desk.raise_case()
    priya = desk.people["priya"]
    good, foreign = ready(priya), ready(desk.people["stan"])
    late, cut = send(priya, "late.jpg"), send(priya, "cut.jpg", samples.located()[:9000])
    assert refused(desk, "priya", good, foreign, "up_nobody", "up_\0nonsense", late, text="Look") == [
        ("/upload_ids/1", "upload_missing"),
        ("/upload_ids/2", "upload_missing"),
        ("/upload_ids/3", "upload_missing"),
        ("/upload_ids/4", "upload_not_ready"),
    ]
    look_at_all()
    assert refused(desk, "priya", cut) == [("/upload_ids/0", "upload_refused")], "broken, or with a virus inside"
    many = [f"up_{n}" for n in range(attaching.MOST_AT_ONCE + 1)]
    assert refused(desk, "priya", *many) == [("/upload_ids", "too_many")]
    assert refused(desk, "priya") == [("/text", "required")]
    assert upload(good).instance_id is None, "nothing is attached when something is refused"
    assert desk.facts("commented") == []


@pytest.mark.requirement("B11")
def test_who_may_not_comment_attaches_nothing(desk: Desk) -> None:
    desk.raise_case()
    reader, stranger = desk.world.reader, desk.people["stan"]
    for actor in (reader, stranger):
        photo = ready(actor)
        with pytest.raises(Refused), unit_of_work(actor) as work:
            commenting.comment(work, access.instance_to_change(work, desk.ref), "", upload_ids=[photo])
        assert upload(photo).instance_id is None
    with repair_flow():
        guided, photo = begin(desk.world.agent), ready(desk.people["gus"])
        with pytest.raises(OutOfStep, match="cases and tasks"), unit_of_work(desk.people["gus"]) as work:
            commenting.comment(work, access.instance_to_change(work, guided), "", upload_ids=[photo])


@pytest.mark.requirement("B11")
def test_files_may_follow_after_the_end(desk: Desk) -> None:
    desk.raise_case()
    desk.act("priya", "cancel", "It stopped")
    attach(desk, "priya", ready(desk.people["priya"], "thanks.jpg"))
    assert listed(desk, "gus") == ["thanks.jpg"]
