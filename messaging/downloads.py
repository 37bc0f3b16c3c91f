"""Bytes of the store as an answer, with everything said that keeps a browser from running them."""

from __future__ import annotations

import structlog
from flask import send_file
from werkzeug.wrappers import Response

from flows import store
from flows.rules.errors import Refused
from flows.words import gettext as _

log = structlog.get_logger(__name__)

POLICY = "sandbox; default-src 'none'"
"""What a browser does with a file that it should show against all odds: nothing of it runs, nothing is fetched."""


def given_out(sha256: str, mime: str, name: str, inline: bool = False) -> Response:
    """The bytes with this digest: as a download, or shown in place when we have written them ourselves."""
    size = store.size_of(sha256)
    if size is None:
        log.error("bytes_are_lost", sha256=sha256, cure="restore BATON_DATA/files from the backup")
        raise Refused(_("No such file"))
    answer = send_file(
        store.open_content(sha256), mime, as_attachment=not inline, download_name=name, conditional=False, etag=False
    )
    answer.content_length = size
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers["Cache-Control"] = "private, no-store"
    return answer
