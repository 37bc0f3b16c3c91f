"""Apps that are too old, endpoints that are to go, links that open the app, and the page of the documentation (D5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from portal.api import openapi, problems
from portal.api.ages import Goodbye
from portal.api.door import OPERATIONS
from tests.api.conftest import Phone

pytestmark = pytest.mark.parametrize("database", ["sqlite"])


@pytest.fixture
def told(app: Flask) -> Callable[..., None]:
    """`told(min_app_version="2.0")`: settings of this test."""

    def tell(**more: Any) -> None:
        app.config["BATON"] = replace(app.config["BATON"], **more)

    return tell


@pytest.mark.requirement("D5")
def test_an_app_that_is_too_old_is_told_to_update(buyer: Phone, told: Callable[..., None]) -> None:
    told(min_app_version="2.3", app_stores="https://apps.example/1, https://play.example/2")
    old = buyer.get("/me", App_Version="2.2.9")
    assert (old.status_code, old.json["code"], old.json["min_version"]) == (426, "app-too-old", "2.3")
    assert old.json["stores"] == ["https://apps.example/1", "https://play.example/2"]
    for version in ("2.3", "2.3.0", "2.10", "10", "", "beta"):
        assert buyer.get("/me", App_Version=version).status_code == 200, version
    assert buyer.get("/meta", App_Version="1").json["min_app_version"] == "2.3"
    assert buyer.post("/auth/revoke", {"refresh_token": "rt_x"}).status_code == 204


@pytest.mark.requirement("D5")
def test_what_is_to_go_says_so_with_every_answer(buyer: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    [mine] = [op for op in OPERATIONS if op.name == "get_me"]
    assert "Deprecation" not in buyer.get("/me").headers
    since, until = datetime(2026, 11, 1, tzinfo=UTC), datetime(2027, 12, 1, tzinfo=UTC)
    monkeypatch.setitem(mine.__dict__, "goodbye", Goodbye(since, until, "Use /api/v2/me"))
    headers = buyer.get("/me").headers
    assert (headers["Deprecation"], headers["Sunset"]) == ("@1793491200", "Wed, 01 Dec 2027 00:00:00 GMT")
    assert headers["Link"] == '<http://localhost/api/v1/docs>; rel="deprecation"'
    openapi._document.cache_clear()
    described = openapi.document()["paths"]["/me"]["get"]
    openapi._document.cache_clear()
    assert (described["deprecated"], described["description"]) == (True, "Gone after 1 December 2027. Use /api/v2/me")


@pytest.mark.requirement("D5")
def test_links_open_the_app(app: Flask, told: Callable[..., None]) -> None:
    client = app.test_client()
    apple, android = "/.well-known/apple-app-site-association", "/.well-known/assetlinks.json"
    assert client.get(apple).status_code == client.get(android).status_code == 404
    told(ios_app="ABCDE12345.example.baton", android_app="example.baton=AA:BB, example.baton=CC:DD")
    found = client.get(apple)
    assert found.mimetype == "application/json"
    assert found.json["applinks"]["details"][0]["appIDs"] == ["ABCDE12345.example.baton"]
    assert {"/": "/tasks/*"} in found.json["applinks"]["details"][0]["components"]
    assert {"/": "/admin/*", "exclude": True} in found.json["applinks"]["details"][0]["components"]
    [link] = client.get(android).json
    assert link["target"] == {
        "namespace": "android_app", "package_name": "example.baton", "sha256_cert_fingerprints": ["AA:BB", "CC:DD"],
    }  # fmt: skip


@pytest.mark.requirement("D5")
def test_the_documentation_as_a_page(app: Flask) -> None:
    page = app.test_client().get("/api/v1/docs")
    assert page.status_code == 200
    for op in OPERATIONS:
        assert f"<code>{op.method} {openapi.template(op)}</code>" in page.text
    assert all(f'href="/problems/{slug}"' in page.text for slug in ("validation", "stale-version", "app-too-old"))
    assert "http://" not in page.text.replace("http://localhost", "")
    assert "<script" not in page.text
    assert problems.SLUGS["app-too-old"].status == 426
