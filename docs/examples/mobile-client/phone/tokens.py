"""Signing in, and staying signed in: the access token is used, the refresh token is changed, one refresh at a time."""

from __future__ import annotations

import threading
import time
import uuid
from typing import Any

import httpx

from phone.line import Declined, Line, NoAnswer
from phone.store import Store

EARLY_SECONDS = 60
"""A token that runs out within this time is changed now, so that it does not run out on the way."""
LOST_ANSWER_PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""When the answer to a refresh is lost, the same refresh token gives the same new pair for 30 seconds. So we ask again
at once, and not after the long pauses of everything else."""
ENDED = ("unauthenticated", "refresh-reused")


class SignedOut(Exception):
    """The person has to sign in again. What is kept and what waits in the outbox stays."""


class Tokens:
    """Requests with the access token of whoever is signed in."""

    def __init__(self, store: Store, line: Line) -> None:
        self._store, self._line, self._one_at_a_time = store, line, threading.Lock()

    @property
    def installation_id(self) -> str:
        """Made at the first launch, and the same ever after."""
        if (known := self._store.fact("installation_id")) is not None:
            return known
        with self._store.writing() as tx:
            tx.execute("INSERT OR IGNORE INTO facts VALUES ('installation_id', ?)", (str(uuid.uuid4()),))
        return self.installation_id

    def ask_for_code(self, email: str) -> None:
        self._line.ask("POST", "/auth/code", json={"email": email})

    def sign_in(self, email: str, *, password: str = "", code: str = "") -> None:
        """With a password, or with the code that came by mail. Raises Declined (401) when it is wrong."""
        how = {"grant_type": "password", "password": password} if password else {"grant_type": "code", "code": code}
        given = self._line.ask("POST", "/auth/token", json=self._mine(email=email, **how)).json()
        with self._store.writing():
            if self._store.fact("user_id") not in (None, given["user"]["id"]):
                self._store.empty()  # another person's things are none of theirs
            self._store.keep(user_id=given["user"]["id"])
            self._keep(given)

    def sign_out(self) -> None:
        """Here at once; the server is told too, if it can be reached."""
        refresh_token = self._store.fact("refresh_token")
        self._store.keep(access_token=None, refresh_token=None)
        if refresh_token:
            self._line.ask("POST", "/auth/revoke", json={"refresh_token": refresh_token})

    def ask(self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        """A request of this person. A token that has run out is changed, and the request made again, once."""
        token = self._token()
        try:
            return self._line.ask(method, path, headers=_with(headers, token), **more)
        except Declined as no:
            if no.status != 401:
                raise
        try:
            return self._line.ask(method, path, headers=_with(headers, self.refresh(token)), **more)
        except Declined as no:
            if no.status != 401:
                raise
            # Another process of this app has changed the pair meanwhile; the next try takes the one it kept.
            raise NoAnswer("the token was changed meanwhile") from no

    def refresh(self, refused: str) -> str:
        """A new access token in place of this one. Whoever comes second finds that it was done, and takes it."""
        with self._one_at_a_time:
            known = self._store.fact("access_token") or ""
            if known != refused:
                return known
            refresh_token = self._store.fact("refresh_token")
            if refresh_token is None:
                raise SignedOut("Sign in first")
            given = self._changed(refresh_token)
            self._keep(given)  # before it is used: once it is used, the old one is worth nothing
            return str(given["access_token"])

    def _token(self) -> str:
        token, ends = self._store.fact("access_token") or "", float(self._store.fact("access_ends") or 0)
        return token if token and time.time() < ends - EARLY_SECONDS else self.refresh(token)

    def _changed(self, refresh_token: str) -> dict[str, Any]:
        body = self._mine(grant_type="refresh_token", refresh_token=refresh_token)
        for pause in (*LOST_ANSWER_PAUSES, None):
            try:
                answer: dict[str, Any] = self._line.ask("POST", "/auth/token", json=body).json()
                return answer
            except NoAnswer as no:
                if pause is None:  # and what the token was for has not left
                    raise NoAnswer(str(no), no.retry_after, has_left=False) from no
                time.sleep(pause)
            except Declined as no:
                if no.code not in ENDED:
                    raise
                self._store.keep(access_token=None, refresh_token=None)
                raise SignedOut(no.problem.get("detail", "")) from no
        raise AssertionError("the last pause is None")

    def _keep(self, given: dict[str, Any]) -> None:
        """The new pair in one transaction, on the disk before anybody uses it."""
        self._store.keep(
            access_token=given["access_token"],
            access_ends=str(time.time() + given["expires_in"]),
            refresh_token=given["refresh_token"],
        )

    def _mine(self, **body: str) -> dict[str, str]:
        return {**body, "installation_id": self.installation_id}


def _with(headers: dict[str, str] | None, token: str) -> dict[str, str]:
    return {**(headers or {}), "Authorization": f"Bearer {token}"}
