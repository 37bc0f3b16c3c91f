"""Whatever comes in a form, an address or a body: an answer of ours, never a 5xx, and never a long wait."""

from __future__ import annotations

import io
import json
import random
import time
from collections import Counter
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from werkzeug.routing import Rule

from tests.security.conftest import Happened, Person
from tests.security.test_role_matrix import path_of, rules, unsafe
from tests.world import World

NASTY = (
    "", " ", "\0", "a\0b", "\ud800", "x" * 100_000, "🙂" * 500, "-1", "0", "999999999999999999999999", "1e308", "NaN",
    "Infinity", "٣", "²", "'; DROP TABLE users; --", '"><script>alert(1)</script>', "%00", "%", "../../etc/passwd",
    "\u202e\u200b", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00", "{{7*7}}", "${{ 7 }}", "\r\nSet-Cookie: a=b",
    "None",
    "true", "[]", "{}", "javascript:alert(1)", "=1+1", "\\", "/", "//evil.example", "cus_acme", "prd_coro", "TI-2001",
)  # fmt: skip
FIELDS = (
    "email", "how", "keep", "next", "code", "password", "current", "name", "language", "time_zone", "theme", "product",
    "quantity", "from", "_action", "_key", "customer_id", "expected_total", "address", "reason", "id", "version",
    "role",
    "company_name", "domain_name", "admin_email", "reference", "sku", "vendor", "price", "currency", "provider", "seen",
    "kind", "parent", "roles", "expires_at", "person", "is_active", "is_manager",
)  # fmt: skip
QUERY = ("q", "cursor", "page", "state", "status", "customer", "within", "type", "show", "next", "email", "vendor",
"kind",
         "sort", "desc", "search", "limit", "part", "v", "include", "turn", "unread", "validate", "who", "thing",
         "step")  # fmt: skip
HUGE = 10**25
SENT_TO_EACH = 3


def encoded(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


@pytest.mark.parametrize("seed", [1])
def test_forms(seed: int, app: Flask, everybody: dict[str, Person], happened: Happened) -> None:
    """Every form of every page, with wrong words in every field, repeated keys and wrong kinds of content."""
    dice, seen = random.Random(seed), Counter[int]()
    for rule in rules(app):
        if rule.rule.startswith("/api/") or not unsafe(rule) or rule.endpoint in ENDING:
            continue
        person = everybody["admin" if rule.rule.startswith("/admin") else "buyer"]
        for _ in range(SENT_TO_EACH):
            status = _send_form(dice, person, rule, path_of(rule, happened.ours))
            assert status < 500, f"{rule.rule}: {status}"
            seen[status] += 1
    assert sum(seen.values()) > 130, seen
    assert seen[422] > 20, seen


NAMELESS = (
    b"Content-Disposition: form-data\r\n\r\nwords",
    b'Content-Disposition: form-data; filename="a.txt"\r\n\r\nwords',
)


@pytest.mark.parametrize("part", NAMELESS, ids=["text", "file"])
@pytest.mark.parametrize("door", ["portal", "admin", "api", "hook"])
def test_a_part_without_a_name(part: bytes, door: str, everybody: dict[str, Person], happened: Happened) -> None:
    """No form of ours sends one, and what looks for a name must not stumble over none (found by made-up inputs)."""
    path = {
        "portal": "/profile", "admin": "/admin/departments/new", "api": "/api/v1/uploads", "hook": "/hooks/stripe",
    }[door]  # fmt: skip
    person = everybody["admin" if door == "admin" else "buyer"]
    answer = person.client.post(
        path, data=b"--x\r\n" + part + b"\r\n--x--\r\n", content_type="multipart/form-data; boundary=x"
    )
    assert 400 <= answer.status_code < 500


ENDING = {"sign_in.sign_out", "profile.end_all_sessions", "profile.end_session", "profile.set_password",
          "staff_users.give_roles", "staff_roles.index", "staff_users.help",
          "staff_organisations.turn_off"}  # fmt: skip
"""Forms that would end the session that the others need; they are tried in tests of their own."""


def _send_form(dice: random.Random, person: Person, rule: Rule, path: str) -> int:
    pairs = [("csrf_token", person.token())]
    pairs += [(name, dice.choice(NASTY)) for name in dice.sample(FIELDS, 25) for _ in range(dice.choice((1, 1, 1, 2)))]
    body = "&".join(f"{name}={encoded(value)}" for name, value in pairs)
    kind = dice.choice(("application/x-www-form-urlencoded",) * 4 + ("text/plain", "multipart/form-data; boundary=%00"))
    headers = {"Referer": f"http://localhost{path}", "X-CSRFToken": person.token()}
    if dice.random() < 0.2:
        headers["X-Fragment"] = "1"
    return person.client.open(path, method=unsafe(rule)[-1], data=body, content_type=kind, headers=headers).status_code


@pytest.mark.parametrize("database", ["postgres"])
def test_queries(app: Flask, everybody: dict[str, Person], happened: Happened) -> None:
    """Every page with wrong words in its query; on the database that is the stricter one about text and numbers."""
    dice, asked = random.Random(2), 0
    for rule in rules(app):
        if "GET" not in (rule.methods or ()):
            continue
        person = everybody["admin" if rule.rule.startswith("/admin") else "buyer"]
        wild = (f"{name}={encoded(dice.choice(NASTY)[:900])}" for name in dice.sample(QUERY, 8))
        for query in ("&".join(wild), "page=-1&page=2&cursor=2026-01-01T00:00:00%2B00:00~99999999999999999999"):
            asked += _asked(person, "GET", f"{path_of(rule, happened.ours)}?{query}")
    assert asked > 180


def test_holes_of_addresses(app: Flask, everybody: dict[str, Person], happened: Happened) -> None:
    """Every address with what is no id of anything, and every method that it takes."""
    asked = 0
    for rule in rules(app):
        person = everybody["admin" if rule.rule.startswith("/admin") else "buyer"]
        for name in rule.arguments:
            for word in (str(HUGE), str(2**40), "%00"):
                path = _holed(rule, happened, name, word)
                for method in [*({"GET"} & (rule.methods or set())), *unsafe(rule)[:1]]:
                    asked += _asked(person, method, path)
    assert asked > 300


def _holed(rule: Rule, happened: Happened, hole: str, word: str) -> str:
    marked = Rule(rule.rule.replace(f"<int:{hole}>", word).replace(f"<{hole}>", word))
    marked._converters = rule._converters  # type: ignore[misc]  # only for the names of what is left
    marked.endpoint = rule.endpoint
    return path_of(marked, happened.ours)


def _asked(person: Person, method: str, path: str) -> int:
    if path.startswith("/api/v1"):
        status = person.call(method, path.removeprefix("/api/v1"), None if method == "GET" else {}).status_code
    elif method == "GET":
        status = person.get(path).status_code
    else:
        form = {"csrf_token": person.token(), "reason": "x"}
        status = person.client.open(path, method=method, data=form).status_code
    assert status < 500 or path.startswith("/readyz"), f"{method} {path[:200]}: {status}"
    return 1


BODIES: tuple[bytes, ...] = (
    b"", b"null", b"[]", b"0", b'"x"', b"{", b"\xff\xfe", b"{}" * 2, b"NaN", b'{"email":NaN}', b'{"email":-Infinity}',
    b"[" * 100_000, b'{"a":' * 5000 + b"1" + b"}" * 5000, b'{"email":' + b"9" * 50_000 + b"}", b'{"email":1e999}',
    b'{"email":"\\ud800"}', b'{"email":"\\u0000"}', b'{"email":"a","email":"b"}',
    b'{"email":"' + b"x" * 900_000 + b'"}',
    b'{"answers":{"company_name":' + b"[" * 49 + b"]" * 49 + b"}}", b"x" * 1_100_000,
)  # fmt: skip


KINDS = ("application/json", "text/plain", "application/x-www-form-urlencoded", "", "application/json; charset=utf-16")


def test_bodies(app: Flask, everybody: dict[str, Person], happened: Happened) -> None:
    """Every endpoint that takes a body, with what is no JSON, too deep, too long or too large."""
    phone, asked = app.test_client(use_cookies=False), 0
    headers = {
        "Authorization": f"Bearer {everybody['buyer'].bearer}",
        "Idempotency-Key": "key-of-a-test",
        "If-Match": "*",
    }
    for rule in rules(app):
        if not rule.rule.startswith(("/api/v1", "/hooks")) or rule.endpoint == "api.nothing_here":
            continue
        for method, kind in product(unsafe(rule), KINDS):
            for body in BODIES if kind == KINDS[0] else BODIES[:3]:
                if method == "DELETE" and not body:
                    continue
                path = path_of(rule, happened.theirs)
                status = phone.open(path, method=method, data=body, content_type=kind, headers=headers).status_code
                assert status < 500, f"{method} {path} {body[:60]!r}: {status}"
                asked += 1
    assert asked > 60


def test_a_body_costs_no_more_than_its_length(app: Flask, world: World) -> None:
    """A megabyte made to be slow: 60,000 keys and then one of them again, and 60,000 that nobody knows."""
    names = [f'"{n:x}":1' for n in range(60_000)]
    twice = "{" + ",".join([*names, '"ea5f":2']) + "}"
    unknown = "{" + ",".join(names) + "}"
    for body, status in ((twice, 400), (unknown, 422)):
        began = time.process_time()
        answer = app.test_client().post("/api/v1/auth/code", data=body, content_type="application/json")
        assert answer.status_code == status
        assert time.process_time() - began < 5, "about half a second; a square of the length would be half a minute"
        assert len(answer.data) < 50_000


def test_a_large_body_is_refused_unread(everybody: dict[str, Person]) -> None:
    for path in ("/sign-in", "/settings/profile", "/api/v1/orders", "/hooks/provisioning", "/admin/products/new"):
        for kind in ("application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=x"):
            read = Endless()
            answer = everybody["admin"].client.post(
                path, content_type=kind, environ_overrides={"wsgi.input": read, "wsgi.input_terminated": True}
            )
            assert 400 <= answer.status_code < 500, f"{path} {kind}: {answer.status_code}"
            assert read.given <= 2 * 1024 * 1024, f"{path} {kind} read {read.given} bytes"


class Endless(io.RawIOBase):
    """50 MB that come without a length, as a chunked body does."""

    given = 0

    def read(self, size: int = -1) -> bytes:
        left = 50 * 1024 * 1024 - self.given
        piece = min(left, 65536 if size < 0 else size)
        self.given += piece
        return b"x" * piece

    def readinto(self, buffer: Any) -> int:
        piece = self.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def test_a_signed_hook_with_nonsense(app: Flask) -> None:
    from flows.rules.signatures import sign

    key = app.config["BATON"].webhook_key()
    for body in (
        *BODIES[:-1],
        json.dumps({"line": "x" * 5000, "reference": "\ud800\0"}).encode(),
        b'{"line":"olin_x"}',
    ):
        headers = {"Baton-Signature": sign(body, key, int(time.time()))}
        status = app.test_client().post("/hooks/provisioning", data=body, headers=headers).status_code
        assert 400 <= status < 500, f"{body[:60]!r}: {status}"
