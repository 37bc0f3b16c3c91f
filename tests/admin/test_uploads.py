"""Files at the staff's door: previews of what came in, files of their own, lists that grow, all as plain forms."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse, encode_multipart

from flows import access
from flows.actions import receiving, submitting
from flows.models import Effect, Submission, Upload
from flows.rules.actors import SYSTEM
from flows.work import end_reading, unit_of_work
from portal import frame
from tests import samples
from tests.admin.conftest import ClientOf
from tests.admin.test_looks import cookies_of
from tests.browser_tools import HtmlFacts, serving
from tests.files_play import begin, look_at_all, ready, repair_flow, send, upload
from tests.world import World

TASK = "/admin/tasks/TI-2001"


@pytest.fixture(autouse=True)
def served(app: Flask, monkeypatch: pytest.MonkeyPatch, unprotected: None) -> Iterator[None]:
    monkeypatch.setattr(receiving, "PATIENCE_SECONDS", 0.0)
    with repair_flow():
        yield


@pytest.fixture
def agent(client_of: ClientOf, world: World) -> FlaskClient:
    begin(world.agent)
    return client_of(world.agent)


def submit_photos(world: World, *photos: str) -> None:
    with unit_of_work(world.tenant) as work:
        instance = access.instance_to_change(work, "TI-2001")
        submitting.submit(work, instance, access.step_of(instance, "photos"), {"photos": list(photos)})


def post(client: FlaskClient, path: str, **fields: Any) -> TestResponse:
    """A form with files: values that are (name, bytes) are sent as files."""
    sent = MultiDict()
    for name, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            sent.add(name, FileStorage(io.BytesIO(one[1]), one[0]) if isinstance(one, tuple) else one)
    boundary, body = encode_multipart(sent)
    return client.post(path, data=body, content_type=f"multipart/form-data; boundary={boundary}")


def version_in(page: str) -> str:
    found = re.search(r'name="version" value="(\d+)"', page)
    assert found
    return found[1]


def submissions() -> list[Submission]:
    end_reading()
    return list(access.read_as(SYSTEM).scalars(select(Submission).order_by(Submission.id)))


@pytest.mark.requirement("X19")
def test_what_came_in_is_shown_with_name_size_preview_and_link(agent: FlaskClient, world: World) -> None:
    photo, letter = ready(world.tenant), ready(world.tenant, "letter.pdf", samples.pdf())
    submit_photos(world, photo, letter)
    page = agent.get(TASK).text
    assert f'<a class="name" href="/files/{photo}">ceiling.jpg</a>' in page
    assert f'<img src="/files/{photo}/preview" alt="ceiling.jpg"' in page
    assert f"/files/{letter}/preview" not in page
    assert "2 files" not in page
    assert HtmlFacts(page).problems() == []
    for path in (f"/files/{photo}", f"/files/{photo}/preview"):
        answer = agent.get(path, buffered=True)
        assert (answer.status_code, answer.mimetype) == (200, "image/jpeg")


@pytest.mark.requirement("X20")
def test_a_sensitive_file_is_named_nowhere_on_the_page(agent: FlaskClient, world: World) -> None:
    photo, proof = ready(world.tenant), ready(world.tenant, "payslip.jpg")
    with unit_of_work(world.tenant) as work:
        instance = access.instance_to_change(work, "TI-2001")
        given = {"photos": [photo], "proof": [proof]}
        submitting.submit(work, instance, access.step_of(instance, "photos"), given)
    page = agent.get(TASK).text
    assert "Files (1), those of earlier attempts too" in page
    assert "payslip.jpg" not in page
    assert proof not in page


def test_files_of_earlier_attempts_and_of_the_start_are_listed_too(agent: FlaskClient, world: World) -> None:
    old, hidden = ready(world.tenant, "old.jpg"), ready(world.tenant, "hidden.jpg")
    submit_photos(world, old, hidden)
    with unit_of_work(world.agent) as work:
        instance = access.instance_to_change(work, "TI-2001")
        instance.step("photos").answers = {"photos": []}
        work.session.scalars(select(Upload).where(Upload.uid == hidden)).one().visible_to = ["role.lettings"]
    page = agent.get(TASK).text
    assert "Files (1), those of earlier attempts too" in page
    assert f'href="/files/{old}">old.jpg</a>' in page
    assert "hidden.jpg" not in page


@pytest.mark.requirement("X19")
def test_staff_answer_a_step_of_theirs_with_a_file(agent: FlaskClient, world: World) -> None:
    submit_photos(world, ready(world.tenant))
    step = f"{TASK}/steps/visit"
    page = agent.get(step).text
    assert 'enctype="multipart/form-data"' in page
    assert "uploads.js" in page
    version = version_in(page)
    early = post(agent, step, report=("report.pdf", samples.pdf()), done="true", version=version)
    assert early.status_code == 422
    assert "report.pdf is still being checked" in early.text
    [kept] = re.findall(r'name="report-kept" value="(up_\w+)"', early.text)
    look_at_all()
    done = post(agent, step, **{"report-kept": ["", kept], "done": "true", "version": version})
    assert (done.status_code, done.location) == (303, TASK)
    assert upload(kept).step == "visit"
    assert submissions()[-1].answers["report"] == [kept]


def test_staff_send_the_files_of_a_customer_with_a_list_that_grows(agent: FlaskClient, world: World) -> None:
    step = f"{TASK}/steps/photos"
    page = post(agent, step, **{"add-rooms": "1", "photos-kept": "", "note": "half"}).text
    assert page.count('<fieldset class="item"') == 1
    assert 'value="half"' in page
    fields = {"version": "1", "rooms-0-name": "Kitchen", "photos-kept": ""}
    page = post(agent, step, **fields, photos=[("ceiling.jpg", samples.picture()), ("run.exe", samples.PROGRAM)])
    assert page.status_code == 422
    assert "run.exe is a program inside" in page.text
    [kept] = re.findall(r'name="photos-kept" value="(up_\w+)"', page.text)
    look_at_all()
    done = post(agent, step, **{**fields, "photos-kept": ["", kept], "stated": "1"})
    assert done.status_code == 303, done.text
    assert submissions()[0].answers["rooms"] == [{"name": "Kitchen", "plan": None}]


def test_a_step_with_files_is_a_page_and_no_dialog(agent: FlaskClient) -> None:
    page = agent.get(f"{TASK}/complete", headers={"X-Fragment": "1"})
    assert (page.status_code, page.location) == (303, f"{TASK}/steps/photos")
    answer = re.search(rf'<a class="btn " href="{TASK}/steps/photos"[^>]*>', agent.get(TASK).text)
    assert answer
    assert "data-dialog" not in answer[0]


def test_unsent_files_of_a_customer_are_not_staffs(agent: FlaskClient, world: World) -> None:
    uid = ready(world.tenant)
    assert agent.get(f"/files/{uid}").status_code == 404
    page = post(agent, f"{TASK}/steps/photos", **{"photos-kept": ["", uid], "stated": "1", "version": "1"})
    assert page.status_code == 422
    assert "ceiling.jpg" not in page.text, "not even its name"
    assert "A file that is not here any more" in page.text


def test_an_outbox_row_says_which_file_it_is_about(agent: FlaskClient, world: World) -> None:
    uid = send(world.tenant)
    assert f"check {uid}" in agent.get("/admin/outbox/?state=any").text
    end_reading()
    effect = access.read_as(SYSTEM).scalars(select(Effect.id).where(Effect.kind == "check")).one()
    page = agent.get(f"/admin/outbox/{effect}").text
    assert "File check" in page
    assert uid in page


@pytest.mark.browser
@pytest.mark.parametrize("database", ["sqlite"])
def test_a_task_with_files_is_usable_by_everybody(
    app: Flask, agent: FlaskClient, world: World, axe: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frame, "live_url", lambda: "")
    monkeypatch.setattr(frame, "SOCKET_PATH", "")
    submit_photos(world, ready(world.tenant), ready(world.tenant, "letter.pdf", samples.pdf()))
    with serving(partial(Flask.wsgi_app, app)) as url:
        axe(f"{url}{TASK}", "staff-task-files", cookies=cookies_of(agent, url))
        axe(f"{url}{TASK}/steps/visit", "staff-step-files", cookies=cookies_of(agent, url))
