"""Cursors that clients carry: signed, opaque, and good only for the query they came from (API.md 7.2)."""

from __future__ import annotations

import hashlib
from urllib.parse import urlencode

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeSerializer

from flows.words import gettext as _
from portal.api.problems import Declined


def seal(inner: str | None) -> str | None:
    """What the client gets for the cursor of a page of this request's query."""
    return None if inner is None else str(_signer().dumps([_query(), inner]))


def opened(sealed: str | None) -> str | None:
    """The cursor inside; Declined (400) when it is not ours or belongs to another query."""
    if sealed is None:
        return None
    try:
        query, inner = _signer().loads(sealed)
    except (BadSignature, ValueError, TypeError):
        raise Declined("cursor-mismatch", _("This cursor is not one of ours. Start from the first page")) from None
    if query != _query():
        raise Declined("cursor-mismatch", _("This cursor belongs to other parameters. Start from the first page"))
    return str(inner)


def next_link(sealed: str) -> str:
    """The Link header to the next page."""
    query = urlencode({**request.args.to_dict(), "cursor": sealed})
    return f'<{current_app.config["BATON"].origin}{request.path}?{query}>; rel="next"'


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["BATON"].signing_key(), salt="api-cursor")


def _query() -> str:
    """A fingerprint of the path and its parameters; how many rows a page has may change from page to page."""
    asked = sorted((name, value) for name, value in request.args.items() if name not in ("cursor", "limit"))
    return hashlib.sha256(repr((request.path, asked)).encode("utf-8", "replace")).hexdigest()[:12]
