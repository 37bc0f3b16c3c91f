"""Files in a conversation: sent with words or alone, kept when something is wrong, opened by whoever may read them."""

from __future__ import annotations

import io
import re

import pytest
from flask import Flask

from flows.models import Upload
from tests import samples
from tests.files_play import look_at_all
from tests.portal.browsing import Visitor
from tests.portal.story import rows
from tests.talk.conftest import Talking
from tests.world import World
from wsgi import PARTS

pytestmark = [pytest.mark.requirement("C47", "X19"), pytest.mark.parametrize("database", ["sqlite"])]


@pytest.fixture
def parts() -> tuple[str, ...]:
    return PARTS


def send(visitor: Visitor, path: str, text: str, name: str = "", **fields: str) -> object:
    more = {"upload_ids": (io.BytesIO(samples.pdf()), name)} if name else {}
    return visitor.client.post(path, data={"csrf_token": visitor.token(), "text": text, **fields, **more})


def test_a_file_without_javascript(
    app: Flask, talking: Talking, world: World, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.actions.receiving.PATIENCE_SECONDS", 0.0)
    tenant, agent, stranger = (Visitor(app, one) for one in (world.tenant, world.agent, world.stranger))
    path = f"/tasks/{talking.play.ref}/messages"
    answer = send(tenant, path, "My plan", "plan.pdf", client_id="one")
    assert answer.status_code == 422, "it is still being checked; nothing is lost"
    assert "My plan" in answer.text
    kept = re.search(r'name="upload_ids-kept" value="(up_\w+)">plan.pdf', answer.text)
    assert kept is not None
    assert talking.all() == []
    look_at_all()
    assert send(tenant, path, "My plan", client_id="one", **{"upload_ids-kept": kept[1]}).status_code == 303
    assert send(tenant, path, "My plan", client_id="one", **{"upload_ids-kept": kept[1]}).status_code == 303
    assert [one.text for one in talking.all()] == ["My plan"]
    link = f'href="/files/{kept[1]}"'
    assert link in tenant.get(f"/tasks/{talking.play.ref}")
    assert link in agent.get(f"/admin/instances/{talking.play.ref}")
    with agent.client.get(f"/files/{kept[1]}") as given:
        assert given.data == samples.pdf()
    assert stranger.client.get(f"/files/{kept[1]}").status_code == 404


def test_a_file_of_a_note_is_for_staff(app: Flask, talking: Talking, world: World, database: str) -> None:
    agent, tenant = Visitor(app, world.agent), Visitor(app, world.tenant)
    path = f"/admin/instances/{talking.play.ref}/messages"
    send(agent, path, "", "report.pdf", thread="notes")
    look_at_all()
    [upload] = rows(Upload)
    send(agent, path, "", thread="notes", **{"upload_ids-kept": upload.uid})
    assert [one.is_internal for one in talking.all()] == [True]
    assert "report.pdf" in agent.get(f"/admin/instances/{talking.play.ref}?talk=notes")
    assert tenant.client.get(f"/files/{upload.uid}").status_code == 404
    assert "report.pdf" not in tenant.get(f"/tasks/{talking.play.ref}")
