"""The line to the server: one request, one answer, and the few ways in which there is none."""

from __future__ import annotations

from typing import Any

import httpx

PATIENCE_SECONDS = 20.0
TRY_AGAIN = frozenset({408, 425, 426, 429, *range(500, 600)})
"""None of these is about what was sent. 426: this app has to be updated, and then everything that waits goes out."""
VERSION = "1.0.0"


class NoAnswer(Exception):
    """Nobody knows whether it happened: the line broke, or the server is away. The same request, later, with the same
    key. `retry_after` is in seconds, when the server said so. `has_left` is false when it surely never got there.
    """

    def __init__(self, why: str, retry_after: float | None = None, has_left: bool = True) -> None:
        super().__init__(why)
        self.retry_after, self.has_left = retry_after, has_left


class Declined(Exception):
    """The server said no, in a problem document (RFC 9457): `problem["detail"]` is to be shown to the person."""

    def __init__(self, problem: dict[str, Any]) -> None:
        super().__init__(f"{problem.get('code')}: {problem.get('detail')}")
        self.problem = problem
        self.status, self.code = int(problem["status"]), str(problem.get("code"))


class Line:
    """Speaks JSON to one server. Knows nothing of tokens (see `tokens`)."""

    def __init__(self, server: str, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(
            base_url=f"{server.rstrip('/')}/api/v1",
            headers={"App-Version": VERSION},
            timeout=PATIENCE_SECONDS,
            transport=transport,
        )

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """A 2xx or a 304; raises NoAnswer or Declined. `path` is relative to /api/v1."""
        try:
            answer = self._http.request(method, path.lstrip("/"), **more)
        except (httpx.TransportError, httpx.DecodingError) as fault:
            has_left = not isinstance(fault, httpx.ConnectError | httpx.ConnectTimeout)
            raise NoAnswer(f"{method} {path}: {type(fault).__name__} {fault}", has_left=has_left) from fault
        if answer.status_code < 300 or answer.status_code == 304:
            return answer
        problem = _problem_of(answer)
        # The first try with this key still runs on the server: it will answer the next one.
        if answer.status_code in TRY_AGAIN or problem["code"] == "idempotency-in-progress":
            raise NoAnswer(f"{method} {path}: {answer.status_code}", _seconds(answer.headers.get("Retry-After")))
        raise Declined(problem)

    def close(self) -> None:
        self._http.close()


def _problem_of(answer: httpx.Response) -> dict[str, Any]:
    """The problem document; whatever else stands between us and the server answers with something of its own."""
    try:
        said = answer.json()
    except ValueError:
        said = None
    known = said if isinstance(said, dict) else {"detail": answer.text[:200]}
    return {"code": "unknown", **known, "status": answer.status_code}


def _seconds(retry_after: str | None) -> float | None:
    return float(retry_after) if retry_after and retry_after.isdigit() else None
