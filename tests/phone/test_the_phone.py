"""The phone end to end: the product as `baton up` starts it, the reference client as a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from phone.app import Phone
from phone.tokens import SignedOut
from tests.phone.bad_line import BadLine, bad_line
from tests.phone.lives import CLIENT, Desk, Life, as_new, desk, is_in_step, living
from tests.walks.product import Product, free_port, up, wait_for

pytestmark = pytest.mark.requirement("D5")
BEA, SAM, ALEX, TOM = "buyer@demo.example", "agent@demo.example", "admin@demo.example", "tom@brightpath.example"
DETAILS = {
    "company_name": "Kestrel Brewing",
    "domain_name": "kestrel.coro.example",
    "admin_email": "it@kestrel.example",
}
NEVER = 600.0
"""Seconds between looks without a hint: nothing here waits so long."""


class Google(ThreadingHTTPServer):
    """Signs the product in and takes its pushes, as FCM does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Said)
        self.pushed: list[dict[str, Any]] = []
        self.address = f"http://127.0.0.1:{self.server_address[1]}"

    def account(self, folder: Path) -> str:
        key = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file = folder / "account.json"
        file.write_text(json.dumps({"project_id": "baton", "client_email": "push@baton.example",
                                    "private_key": key.decode(), "token_uri": f"{self.address}/token"}))  # fmt: skip
        return str(file)


class _Said(BaseHTTPRequestHandler):
    server: Google

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path != "/token":
            self.server.pushed.append(json.loads(content)["message"])
        answer = json.dumps({"access_token": "at_google", "expires_in": 3600}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def google() -> Iterator[Google]:
    server = Google()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, google: Google) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("up")
    with up(
        folder,
        free_port(),
        BATON_FCM_ACCOUNT=google.account(folder),
        BATON_FCM_URL=google.address,
        BATON_WEBHOOK_HOSTS="127.0.0.1",
    ) as running:
        yield running


@pytest.fixture
def line(product: Product) -> Iterator[BadLine]:
    with bad_line(product.address) as between:
        yield between


@pytest.fixture
def sam(product: Product) -> Iterator[Desk]:
    with desk(product.address, SAM) as at_work:
        yield at_work


@pytest.fixture
def bea(product: Product, line: BadLine, tmp_path: Path) -> Iterator[Life]:
    """Bea's phone, signed in and in step."""
    with living(tmp_path / "phone", line.address, NEVER, **{"push-token": "of-bea"}) as life:
        life.sign_in(BEA)
        life.start()
        wait_for(lambda: life.hand.store.fact("summary"), "the first snapshot")
        yield life


@pytest.fixture
def task(sam: Desk, bea: Life) -> str:
    """The task of an order that was just placed, whose form is on the phone."""
    kestrel = next(one["id"] for one in bea.objects("account") if one["name"] == "Kestrel Brewing Co")
    coro = sam.get("/products", q="CORO-CLA")["data"][0]["id"]
    bea.hand.order(kestrel, {coro: 3})
    bea.hint()
    bea.delivered()
    order = bea.hand.outbox.rows("sent")[-1]["answer"]
    found = str(order["outstanding_tasks"][0]["instance_id"])
    wait_for(lambda: bea.hand.store.form(found, "details"), "the form")
    return found


def test_a_cold_start_brings_everything(product: Product, bea: Life) -> None:
    assert {kind for kind, _ in bea.hand.store.objects()} >= {"account", "instance", "order", "notification"}
    assert bea.hand.store.objects() == as_new(bea.folder, product.address, BEA)
    assert json.loads(bea.hand.store.fact("summary") or "")["outstanding"] > 0


def test_what_is_done_without_a_line_goes_out_with_one(
    product: Product, line: BadLine, bea: Life, task: str, sam: Desk
) -> None:
    line.is_down = True
    bea.hand.draft(task, "details", {"company_name": "Kes"})
    bea.hand.say(task, "I am in a tunnel")
    bea.kill()
    bea.hand.submit(task, "details", DETAILS)
    bea.start()
    wait_for(lambda: line.fates["before"] > 1, "the phone to try")
    assert sam.get(f"/instances/{task}/messages")["data"] == []
    line.is_down = False
    bea.delivered()
    assert [one["body"] for one in sam.get(f"/instances/{task}/messages")["data"]] == ["I am in a tunnel"]
    assert len(sam.get(f"/instances/{task}/steps/details/submissions")["data"]) == 1
    bea.hint()
    wait_for(lambda: bea.hand.store.objects("instance")["instance", task]["turn"] == "done", "the end of it")
    wait_for(lambda: is_in_step(bea, product.address, BEA), "what is kept to be what a new phone is given")


def test_a_question_more_is_shown_and_what_was_typed_is_kept(bea: Life, task: str, sam: Desk) -> None:
    added = sam.do(f"/instances/{task}/steps/details/fields", label="Who signs?", type="text", required=True)["key"]
    key = bea.hand.submit(task, "details", DETAILS)
    bea.hint()
    wait_for(bea.hand.conflicts, "the server to say no")
    [conflict] = bea.hand.conflicts()
    assert (conflict["key"], conflict["answer"]["status"], conflict["answer"]["code"]) == (key, 412, "stale-version")
    fresh = bea.hand.look_again(key)
    assert (fresh.new, fresh.gone, fresh.kept) == ([added], [], DETAILS)
    bea.hand.send_again(key, fresh, {added: "Bea"})
    bea.hint()
    bea.delivered()
    [sent] = sam.get(f"/instances/{task}/steps/details/submissions")["data"]
    assert sent["answers"] == {**DETAILS, added: "Bea"}


def test_a_storm_of_tries_stays_a_breeze(line: BadLine, bea: Life, task: str, sam: Desk) -> None:
    line.is_down = True
    said = [f"Message {n}" for n in range(30)]
    for words in said:
        bea.hand.say(task, words)
    before, began = line.fates["before"], time.monotonic()
    bea.hint()
    time.sleep(4)
    tries = line.fates["before"] - before
    assert 0 < tries <= 8 + 4 * (time.monotonic() - began)  # two a second at most, however much waits
    line.is_down = False
    bea.delivered()
    assert [one["body"] for one in sam.get(f"/instances/{task}/messages", limit=100)["data"]] == said


@pytest.mark.parametrize("fate", ["before", "within", "answer"])
def test_a_cut_refresh_signs_nobody_out(line: BadLine, bea: Life, sam: Desk, fate: str) -> None:
    first = bea.hand.store.fact("refresh_token")
    bea.kill()
    line.cut_next += [("/auth/token", fate), ("/auth/token", "answer")]
    bea.start()
    wait_for(lambda: bea.hand.store.fact("refresh_token") != first, "the next pair")
    assert line.cut_next == []
    assert bea.hand.tokens.ask("GET", "/me").json()["email"] == BEA


def test_a_stolen_token_ends_the_session_and_nothing_is_lost(
    product: Product, line: BadLine, tmp_path: Path, task: str
) -> None:
    phone = Phone(tmp_path / "other", line.address)
    phone.tokens.sign_in(BEA, password="demo")
    stolen = {"grant_type": "refresh_token", "refresh_token": phone.store.fact("refresh_token"),
              "installation_id": phone.tokens.installation_id}  # fmt: skip
    for _ in range(2):
        phone.tokens.refresh(phone.store.fact("access_token") or "")
    phone.say(task, "Do not lose me")
    thief = httpx.post(f"{product.address}/api/v1/auth/token", json=stolen)
    assert (thief.status_code, thief.json()["code"]) == (401, "refresh-reused")
    with pytest.raises(SignedOut):
        phone.round()
    phone.tokens.sign_in(BEA, password="demo")
    phone.round()
    assert [row["kind"] for row in phone.outbox.rows("sent")] == ["message"]
    phone.close()


def test_a_push_is_all_it_takes(google: Google, bea: Life, task: str, sam: Desk) -> None:
    google.pushed.clear()
    sam.do(f"/instances/{task}/messages", body="Are you there?", upload_ids=[])
    wait_for(lambda: google.pushed, "the push")
    assert google.pushed[0]["token"] == "of-bea"
    assert "Are you there?" not in json.dumps(google.pushed)
    assert "Are you there?" not in [one["body"] for one in bea.objects("message")]
    bea.hint()
    wait_for(lambda: "Are you there?" in [one["body"] for one in bea.objects("message")], "the message")


def test_who_is_a_member_no_more_keeps_nothing(product: Product, line: BadLine, tmp_path: Path) -> None:
    tom = Phone(tmp_path / "tom", line.address)
    tom.tokens.ask_for_code(TOM)
    code = re.search(r"\b\d{6}\b", product.mail_to(TOM, "code"))
    assert code
    tom.tokens.sign_in(TOM, code=code[0])
    tom.round()
    mine = next(one for one in tom.store.objects("account").values() if one["name"] == "Brightpath IT")
    task = next(uid for _, uid in tom.store.objects("instance"))
    me = tom.tokens.ask("GET", "/me").json()["id"]
    remove_member(product, f"/admin/organisations/{mine['id']}/people/{me}/remove")
    tom.say(task, "Too late")
    tom.round()
    assert {kind for kind, _ in tom.store.objects()} <= {"notification"}
    assert tom.store.rows("SELECT * FROM forms") == []
    assert [row["answer"]["status"] for row in tom.conflicts()] == [404]
    tom.close()


def remove_member(product: Product, page: str) -> None:
    """As an administrator does it in the back office."""

    def hidden(html: str) -> dict[str, str]:
        return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', html))

    with httpx.Client(base_url=product.address, follow_redirects=True, timeout=60) as browser:
        signing_in = hidden(browser.get("/sign-in").text)
        browser.post("/sign-in", data={**signing_in, "how": "password", "email": ALEX, "password": "demo"})
        asked = browser.get(page).raise_for_status().text
        assert "The person was removed." in browser.post(page, data=hidden(asked)).raise_for_status().text


def test_the_commands_of_the_readme_work_as_they_stand(product: Product, tmp_path: Path) -> None:
    [commands] = re.findall(r"```sh\n(.*?)```", (CLIENT / "README.md").read_text(), re.DOTALL)
    where = f"-m phone --server {product.address} --home {tmp_path / 'phone'}"
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands.replace("-m phone", where)],
        cwd=CLIENT, env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.rstrip().endswith("0 to be sent, 0 to be decided"), ran.stdout + ran.stderr
