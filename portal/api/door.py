"""One declaration an endpoint: who may use it, what it takes and gives. It validates and documents; it has no rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar, get_type_hints

import orjson
from flask import Response, g, request
from pydantic import BaseModel
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from flows.access import clean, read_as
from flows.actions.accounts import NOBODY
from flows.actions.replaying import fingerprint_of, remember, replay_of
from flows.clock import clock
from flows.queries.pages import Page
from flows.rules.actors import Actor
from flows.rules.errors import Invalid, Problem
from flows.words import gettext as _
from flows.words import language
from flows.work import Work, unit_of_work
from messaging.downloads import given_out
from portal.api import ages, cursors, etags, problems, reading
from portal.api.problems import Declined
from portal.api.shapes import CountedPage, Shape
from portal.may import Who, may

Row = TypeVar("Row", bound=Shape)
BASE = "/api/v1"
OF_ANY_AGE = ("/meta", "/openapi.json", "/auth/revoke")
"""What an app may ask however old it is: how old it may be, and to sign out."""
_KEY = re.compile(r'"?([\x21\x23-\x7e]{1,120})"?')


@dataclass(frozen=True)
class Content:
    """Bytes of the store that are given out as they are."""

    sha256: str
    mime: str
    name: str


@dataclass(frozen=True)
class Made:
    """A file that was made for this answer."""

    raw: bytes
    mime: str
    name: str


@dataclass(frozen=True)
class Answer:
    """What an endpoint gives: a shape (None for 204), a file, or a problem that must not undo the work it tells of."""

    body: Shape | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str = ""
    denied: tuple[str, str] | tuple[str, str, Sequence[Problem]] | None = None
    content: Content | None = None
    made: Made | None = None


@dataclass(frozen=True)
class Call:
    """One request as an endpoint sees it. `work` is there for every method but GET."""

    actor: Actor
    now: datetime
    session: Session
    _work: Work | None = None

    @property
    def is_writing(self) -> bool:
        return self._work is not None

    @property
    def work(self) -> Work:
        if self._work is None:
            raise RuntimeError("a GET changes nothing")
        return self._work


@dataclass(frozen=True)
class Operation:
    """One endpoint as the documentation and the door see it."""

    method: str
    path: str
    handler: Callable[..., Answer]
    who: Who
    gives: type[Shape] | None
    status: int
    query: type[BaseModel] | None
    body: type[BaseModel] | None
    takes_file: bool
    gives_bytes: bool
    refusals: tuple[str, ...]
    key: Literal["", "optional", "required"]
    if_match: Literal["", "accepted", "required"]
    etag_kind: str
    pointer: str
    finish: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    goodbye: ages.Goodbye | None = None

    @property
    def name(self) -> str:
        return self.handler.__name__

    @property
    def summary(self) -> str:
        return (self.handler.__doc__ or "").strip()


OPERATIONS: list[Operation] = []


def operation(
    method: str,
    path: str,
    *,
    who: Who,
    gives: type[Shape] | None,
    status: int = 200,
    refusals: tuple[str, ...] = (),
    key: Literal["", "optional", "required"] = "",
    if_match: Literal["", "accepted", "required"] = "",
    etag_kind: str = "",
    pointer: str = "#",
    gives_bytes: bool = False,
    finish: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    goodbye: ages.Goodbye | None = None,
) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    """Declare an endpoint. Its arguments `query` and `body` are models by annotation, the others come from the path.

    An argument `file` makes the body multipart: one file, and the texts of `body` beside it. `gives_bytes`: it answers
    with a file. `pointer` is where a verb's problems lie in the body, e.g. `#/answers`. `finish` adds to the answer
    what is only known once the work is safe, because somebody else has to be asked; also for a repeated request.
    `goodbye`: it is to go.
    """

    def declare(handler: Callable[..., Answer]) -> Callable[..., Answer]:
        hints = get_type_hints(handler)
        OPERATIONS.append(
            Operation(
                method,
                path,
                handler,
                who,
                gives,
                status,
                hints.get("query"),
                hints.get("body"),
                "file" in hints,
                gives_bytes,
                refusals,
                key,
                if_match,
                etag_kind,
                pointer,
                finish,
                goodbye,
            )
        )
        return handler

    return declare


def view_of(op: Operation) -> Callable[..., AnyResponse]:
    """The Flask view of an operation."""

    @may(op.who, takes_files=op.takes_file)
    def view(**path: str) -> AnyResponse:
        g.operation = op
        if op.path not in OF_ANY_AGE and (old := ages.too_old()) is not None:
            return old
        _refuse_two_sign_ins()
        given: dict[str, Any] = {name: clean(value) for name, value in path.items()}
        if op.query is not None:
            given["query"] = reading.query_as(op.query)
        if op.method == "GET":
            actor = g.actor or NOBODY
            return _answer(op.handler(Call(actor, clock.now(), read_as(actor)), **given))
        response = _write(op, given)
        if op.finish is not None:
            response.set_data(orjson.dumps(op.finish(_body_of(response))))
        return response

    return view


def _write(op: Operation, given: dict[str, Any]) -> AnyResponse:
    """Body, key and version are read first; then everything, the kept answer too, is one transaction."""
    key = _idempotency_key(op)
    if op.takes_file and op.body is not None:
        given["body"], given["file"] = reading.file_of_form(op.body, g.actor or NOBODY)
    elif op.body is not None:
        given["body"] = reading.body_as(op.body)
    if op.if_match == "required" and not request.headers.get("If-Match"):
        raise Declined("precondition-required", _("Send the ETag of what you saw in If-Match"))
    with unit_of_work(g.actor or NOBODY) as work:
        earlier = _replayed(work, key, _canonical(op, given.get("file")) if key else b"")
        if earlier is not None:
            return earlier
        try:
            answer = op.handler(Call(work.actor, work.now, work.session, work), **given)
        except Invalid as wrong:
            raise _moved_below(wrong, op.pointer) from None
        response = _answer(answer)
        if key:
            remember(
                work,
                work.actor.user_id or 0,
                _scope(),
                key,
                status=response.status_code,
                body=_body_of(response),
                headers={**answer.headers, **_tag_of(answer), "Content-Language": language()},
            )
    return response


def _canonical(op: Operation, file: object) -> bytes:
    """What is the same for the same request: its file, its body, or for one that takes none whatever was sent."""
    if op.body is None and not file:
        return request.get_data()  # nobody has looked whether this is JSON that can be read
    return orjson.dumps(file or request.get_json(silent=True), option=orjson.OPT_SORT_KEYS)


def _replayed(work: Work, key: str, canonical: bytes) -> Response | None:
    """The first answer to this key, if there was one for the same body, or the same file."""
    if not key:
        return None
    try:
        earlier = replay_of(work, work.actor.user_id or 0, _scope(), key, fingerprint_of(canonical))
    except OperationalError:  # waited as long as the database lets anybody wait for a lock
        raise Declined(
            "idempotency-in-progress", _("The same request is still running"), {"Retry-After": "1"}
        ) from None
    if earlier is None:
        return None
    headers = {**earlier.headers, "Idempotent-Replayed": "true"}
    return Response(orjson.dumps(earlier.body) if earlier.body else b"", earlier.status, headers, "application/json")


def _idempotency_key(op: Operation) -> str:
    given = request.headers.get("Idempotency-Key", "").strip()
    if not op.key or (op.key == "optional" and not given):
        return ""
    if not given:
        raise Declined(
            "idempotency-key-missing",
            _("Send an Idempotency-Key: a new UUID for each thing to do, the same for each try of it"),
        )
    found = _KEY.fullmatch(given)
    if found is None:
        raise Declined("malformed", _("An Idempotency-Key has 1 to 120 visible ASCII characters, such as a UUID"))
    return found[1]


def _answer(answer: Answer) -> AnyResponse:
    """As bytes, with a tag, or as 304 when the client has it already."""
    if answer.denied is not None:
        return problems.answer(*answer.denied)
    if answer.content is not None:
        return given_out(answer.content.sha256, answer.content.mime, answer.content.name)
    if answer.made is not None:
        headers = {"Content-Disposition": f'attachment; filename="{answer.made.name}"'}
        return Response(answer.made.raw, answer.status, headers, answer.made.mime)
    raw = b"" if answer.body is None else orjson.dumps(answer.body.model_dump(mode="json", by_alias=True))
    response = Response(raw, answer.status, dict(answer.headers), "application/json")
    tag = answer.etag or (f'"{etags.digest(raw)}"' if request.method in ("GET", "HEAD") else "")
    if tag:
        response.headers["ETag"] = tag
    if request.method in ("GET", "HEAD") and etags.is_unchanged(tag):
        response.status_code = 304
        response.set_data(b"")
    return response


def page(body: Shape, next_cursor: str | None) -> Answer:
    """A list with the Link to its next page."""
    return Answer(body, headers={"Link": cursors.next_link(next_cursor)} if next_cursor else {})


def counted_page(of: type[Row], rows: Sequence[Row], found: Page[Any]) -> Answer:
    """The same of rows drawn from a page of ours, with its total where somebody asked for one."""
    sealed = cursors.seal(found.next_cursor)
    body = CountedPage[of](data=list(rows), next_cursor=sealed, total=found.total)  # type: ignore[valid-type]  # a model is made of it
    return page(body, sealed)


def _moved_below(wrong: Invalid, pointer: str) -> Invalid:
    moved = Invalid([Problem(pointer + p.pointer, p.code, p.detail, p.meta) for p in wrong.problems])
    moved.code = wrong.code
    return moved


def _scope() -> str:
    return f"{request.method} {request.path}"


def _tag_of(answer: Answer) -> dict[str, str]:
    return {"ETag": answer.etag} if answer.etag else {}


def _body_of(response: AnyResponse) -> dict[str, Any]:
    raw = response.get_data()
    return dict(orjson.loads(raw)) if raw else {}


def _refuse_two_sign_ins() -> None:
    """A cookie is for pages, a token for the API: with both, nobody knows whose request it is."""
    if "Authorization" in request.headers and "baton" in request.cookies:
        raise Declined("malformed", _("Send a bearer token or a cookie, not both"))
