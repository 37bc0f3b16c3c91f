"""The real product on a database in memory: the application whose pages a preview shows, and who looks at them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from contextvars import Context
from datetime import datetime
from tempfile import TemporaryDirectory
from typing import Any

from werkzeug.test import TestResponse

from flows import settings
from flows.actions.accounts import NOBODY, Device
from flows.actions.accounts.sessions import open_sign_in
from flows.authoring.play.cast import Stranger
from flows.authoring.play.sandbox import Sandbox, sandbox
from flows.catalogue.registry import Registry
from flows.db import thrown_by
from flows.models import User
from flows.sessions import IN_MEMORY
from flows.settings import Settings
from flows.work import unit_of_work
from wsgi import create_app

ZONE = "Europe/London"


class Product:
    """Every part of Baton in this process; it must not serve anything else."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="baton-preview-")
        known = {"mode": "test", "staff_totp": "optional", "secret_key": "shown" * 8, "log_level": "ERROR"}
        product = settings.current()
        words = {name: getattr(product, name) for name in ("brand", "support_email", "bank_details")}
        made = Settings.from_env({}, data=self._folder.name, database_url=IN_MEMORY, **known, **words)
        self.app = create_app(made)
        self.app.config["WTF_CSRF_METHODS"] = set()
        self.led: dict[tuple[str, str], int] = {}
        """By flow and group of its pages: with which dice a play came there last."""

    def close(self) -> None:
        self._folder.cleanup()

    def stage(self, registry: Registry, flow: str, at: datetime, stranger: Stranger) -> AbstractContextManager[Sandbox]:
        """A stage for a play whose pages can be asked for meanwhile."""
        return sandbox(registry, flow, at, ZONE, stranger, thrown_by(self.app))

    def visit(self, stage: Sandbox, who: str, path: str, sends: Mapping[str, Any] | None = None) -> TestResponse:
        """What this person of the cast gets at this address; `sends` is posted."""
        token = self._token(stage.cast.actors[who].user_id)

        def go() -> TestResponse:
            browser = self.app.test_client()
            with browser.session_transaction() as session:
                session["token"] = token
            if sends is not None:
                return browser.post(path, data=sends)
            return browser.get(path, follow_redirects=True)

        return Context().run(go)  # as a request of its own: the stage has a context of the same application open

    def _token(self, user_id: int | None) -> str:
        with unit_of_work(NOBODY) as work:
            return open_sign_in(
                work, work.session.get_one(User, user_id), Device(address="127.0.0.1"), both_proved=True
            ).token
