"""What has an age: apps that are too old for us, and endpoints of ours that are to go (API.md 7.7, 7.8)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from flask import Response, current_app, g, request

from flows.settings import Settings
from flows.words import gettext as _
from portal.api import problems
from portal.app_links import words_of

_VERSION = re.compile(r"\d{1,6}(\.\d{1,6}){0,3}")


@dataclass(frozen=True)
class Goodbye:
    """An endpoint that is not to be used any more `since`, and is gone after `until`; `instead` says what to use."""

    since: datetime
    until: datetime
    instead: str


def too_old() -> Response | None:
    """426 for an app whose App-Version is below the least that we speak to; scripts say none."""
    settings: Settings = current_app.config["BATON"]
    said = request.headers.get("App-Version", "").strip()
    if not _VERSION.fullmatch(said) or _parts(said) >= _parts(settings.min_app_version):
        return None
    return problems.answer(
        "app-too-old",
        _("Update the app to version %(version)s or newer to go on", version=settings.min_app_version),
        min_version=settings.min_app_version,
        stores=words_of(settings.app_stores),
    )


def say_goodbye(response: Response) -> Response:
    """RFC 9745 and RFC 8594: whoever still asks for something that is to go is told with every answer."""
    goodbye: Goodbye | None = getattr(g.get("operation"), "goodbye", None)
    if goodbye is not None:
        response.headers["Deprecation"] = f"@{int(goodbye.since.timestamp())}"
        response.headers["Sunset"] = format_datetime(goodbye.until, usegmt=True)
        response.headers.add("Link", f'<{current_app.config["BATON"].origin}/api/v1/docs>; rel="deprecation"')
    return response


def _parts(version: str) -> list[int]:
    parts = [int(part) for part in version.split(".")]
    return parts + [0] * (4 - len(parts))
