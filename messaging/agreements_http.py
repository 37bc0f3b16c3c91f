"""Agreements of a housing management system that is asked over HTTP; docs/housing.md is the contract (C41)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import orjson
from pydantic import BaseModel, Field, StringConstraints, ValidationError

from flows.plugin import PermanentFault
from flows.ports import Tenancy
from flows.settings import Settings
from messaging import outside

Words = Annotated[str, StringConstraints(max_length=400)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Given(BaseModel):
    """One agreement as the other side says it; what it says besides is passed over."""

    id: Id
    number: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    tenant_name: Words
    address: Words
    tenant_email: Words = ""
    rent_minor: Annotated[int, Field(ge=0, le=10**9)] | None = None
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "GBP"
    starts_on: date | None = None
    ends_on: date | None = None
    active: bool = False

    def as_tenancy(self) -> Tenancy:
        facts = self.model_dump()
        return Tenancy(is_active=facts.pop("active"), **facts)


class Listed(BaseModel):
    """The answer to a search."""

    agreements: list[Given]


@dataclass(frozen=True)
class HttpAgreements:
    """`flows.ports.Agreements` over HTTP. Every fault is PassingFault or PermanentFault."""

    url: str
    token: str

    def search(self, query: str, limit: int) -> Sequence[Tenancy]:
        said = self._ask("GET", f"?{urlencode({'q': query, 'limit': limit})}")
        found: Listed = self._read(Listed, said.content)
        return [one.as_tenancy() for one in found.agreements[:limit]]

    def get(self, id: str) -> Tenancy | None:
        said = self._ask("GET", f"/{quote(id, safe='')}", expected=(404,))
        if said.status == 404:
            return None
        found: Given = self._read(Given, said.content)
        if found.id != id:
            raise PermanentFault(f"The housing system was asked for agreement {id} and answers with another")
        return found.as_tenancy()

    def activate(self, id: str, move_in: date, key: str) -> None:
        body = orjson.dumps({"move_in": move_in.isoformat()})
        self._ask("POST", f"/{quote(id, safe='')}/activate", body, {"Idempotency-Key": key})

    def _ask(
        self,
        method: str,
        path: str,
        content: bytes = b"",
        more: dict[str, str] | None = None,
        expected: Sequence[int] = (),
    ) -> outside.Said:
        headers = {"Authorization": f"Bearer {self.token}", "User-Agent": "Baton-Agreements/1", **(more or {})}
        if content:
            headers["Content-Type"] = "application/json"
        return outside.call(method, f"{self.url.rstrip('/')}/agreements{path}", headers, content, expected)

    def _read(self, shape: Any, content: bytes) -> Any:
        try:
            return shape.model_validate(orjson.loads(content))
        except orjson.JSONDecodeError as fault:
            raise PermanentFault("The housing system answers with what is no agreement and no JSON") from fault
        except ValidationError as fault:
            place = fault.errors(include_input=False, include_url=False)[0]  # the values are people's, the place is not
            where = ".".join(map(str, place["loc"]))
            raise PermanentFault(
                f"The housing system answers with what is no agreement: {where}: {place['msg']}"
            ) from None


def provider_of(settings: Settings) -> HttpAgreements | None:
    """The provider that the settings name; None when agreements are in the product's own table."""
    if not settings.agreements_url:
        return None
    return HttpAgreements(settings.agreements_url, settings.agreements_token)
