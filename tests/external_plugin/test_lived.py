"""One visit from the certificate that runs out to the next one, on the product as it was installed (D2, D3)."""

from __future__ import annotations

import json
import signal
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.installed import Installed
from tests.walks.product import Product, free_port, is_ready, wait_for

PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj
trailer<</Root 1 0 R>>
%%EOF
"""


@pytest.fixture(scope="module")
def product(installed: Installed) -> Iterator[Product]:
    """`baton up` of that environment, with the people of the demo."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    installed.more.update({"BATON_MODE": "demo", "BATON_PORT": str(port)})
    folder = installed.home / "var"
    with (installed.home / "up.log").open("w") as said:
        process = subprocess.Popen(
            [str(installed.home / "bin" / "baton"), "up"], env=installed.environment, cwd=installed.home, stdout=said,
            stderr=said, start_new_session=True,
        )  # fmt: skip
    try:
        wait_for(lambda: is_ready(address), f"the product, see {installed.home}")
        yield Product(address, folder, installed.environment)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        del installed.more["BATON_MODE"], installed.more["BATON_PORT"]


@dataclass
class Phone:
    """Somebody who speaks to the API over real HTTP."""

    address: str
    headers: dict[str, str] = field(default_factory=dict)

    def sign_in(self, email: str) -> Phone:
        asked = {"grant_type": "password", "email": email, "password": "demo", "installation_id": f"phone-{email}"}
        self.headers["Authorization"] = f"Bearer {self.post('/auth/token', asked)['access_token']}"
        return self

    def get(self, path: str) -> Any:
        return self.send("GET", path)[0]

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, json.dumps(body).encode(), **headers)[0]

    def submit(self, path: str, answers: dict[str, Any]) -> Any:
        _, etag = self.send("GET", path)
        return self.post(f"{path}/submissions", {"answers": answers}, **{"If-Match": etag})

    def speak(self, language: str) -> None:
        """Mails and pages are in this language from now on."""
        _, etag = self.send("GET", "/me")
        self.send("PATCH", "/me", json.dumps({"language": language}).encode(), **{"If-Match": etag})

    def upload(self, name: str, content: bytes) -> str:
        """The id of a file that was sent and looked at."""
        head = f'--line\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
        made, _ = self.send(
            "POST", "/uploads", head + content + b"\r\n--line--\r\n",
            **{"Content-Type": "multipart/form-data; boundary=line"},
        )  # fmt: skip
        wait_for(lambda: self.get(f"/uploads/{made['id']}")["state"] == "ready", "a file that is ready")
        return str(made["id"])

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[Any, str]:
        usual = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())} if body else {}
        request = Request(f"{self.address}/api/v1{path}", body, {**self.headers, **usual, **headers}, method=method)
        with urlopen(request, timeout=30) as answer:
            return json.load(answer), answer.headers.get("ETag", "")

    def refusal(self, path: str, body: Any) -> tuple[int, str]:
        with pytest.raises(HTTPError) as refused:
            self.post(path, body)
        return refused.value.code, str(json.load(refused.value)["code"])


def told(folder: Path) -> list[dict[str, str]]:
    return [json.loads(file.read_text()) for file in sorted(folder.iterdir())]


@pytest.mark.requirement("D2", "D3", "D5", "X23")
def test_a_visit_is_lived_by_its_people(installed: Installed, product: Product) -> None:
    api = product.address
    tenant, engineer, manager = (Phone(api).sign_in(f"{who}@demo.example") for who in ("tenant", "agent", "admin"))
    tenant.speak("cy")
    diary = installed.home / "diary"

    # the housing system tells of a certificate that runs out, twice
    due = {"tenant": tenant.get("/me")["id"], "home": "H-204", "appliances": "a boiler", "ends_on": "2027-03-01"}
    begun = installed.baton("flows", "publish", "gas_safety.due", "--with", "-", said=json.dumps(due))
    assert begun.split()[1] == "gas-safety-visit"
    again = installed.baton("flows", "publish", "gas_safety.due", "--with", "-", said=json.dumps(due))
    assert again.startswith("Nothing begins")

    # the tenant is told in Welsh, and chooses from what the engineers have left
    product.mail_to("tenant@demo.example", "Eich gwiriad diogelwch nwy: dewiswch ymweliad")
    [visit] = [one for one in tenant.get("/instances?turn=todo")["data"] if one["reference"] == begun.split()[0]]
    assert visit["title"] == "Gwiriad diogelwch nwy"
    path = f"/instances/{visit['id']}"
    first, *_ = tenant.get(f"/lookups/gas_safety.slots?instance_id={visit['id']}&q=ann")["data"]
    assert first["detail"] == "Ann Price"
    tenant.submit(f"{path}/steps/appointment", {"slot": first["value"], "phone": "+44 7700 900123"})

    # the action books it in the engineers' diary; nobody else may have it
    wait_for(lambda: told(diary), "a visit in the diary")
    assert [(one["slot"], one["task"]) for one in told(diary)] == [(first["value"], visit["reference"])]
    product.mail_to("tenant@demo.example", "Mae eich ymweliad wedi'i drefnu")
    tenant.speak("en")

    # the engineer sends result and certificate; somebody else approves
    today = product.today().isoformat()
    certificate = engineer.upload("certificate.pdf", PDF)
    answers = {"checked_on": today, "result": "safe", "certificate": [certificate]}
    engineer.submit(f"{path}/steps/visit", answers)
    assert engineer.refusal(f"{path}/steps/visit/approve", {})[0] in (403, 409), "four eyes"
    manager.post(f"{path}/steps/visit/approve", {})

    # it ends by itself, the certificate is told, and the tenant reads of it in English now
    product.mail_to("tenant@demo.example", "Your gas appliances are safe")
    wait_for(lambda: len(told(diary)) == 2, "a certificate in the diary")
    assert told(diary)[0] == {"task": visit["reference"], "home": "H-204", "checked_on": today}
    ended = tenant.get(path)
    assert (ended["customer_status"], ended["outcome"]) == ("completed", "safe")


@pytest.mark.requirement("D2")
def test_an_event_that_does_not_fit_is_refused_with_its_cure(installed: Installed, product: Product) -> None:
    assert product.address
    for event, payload, cure in (
        ("gas_safety.deu", {}, "did you mean 'gas_safety.due'?"),
        ("gas_safety.due", {"tenant": "usr_1", "home": "H", "appliances": "a hob"}, "ends_on: Field required"),
        ("gas_safety.due", {"tenant": "usr_1", "home": "H", "appliances": "a hob", "ends_on": "2027-03-01"}, "usr_1"),
    ):
        ran = installed.run("baton", "flows", "publish", event, "--with", "-", said=json.dumps(payload))
        assert ran.returncode == 2, ran.stdout
        assert cure in ran.stderr
        assert ran.stderr.count("\n") == 1, ran.stderr
