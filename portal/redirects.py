"""Where somebody goes next: only ever to a page of our own."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from flask import redirect, request
from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Response

# One slash and then something that is no second one. Browsers read `\` as `/` and drop tabs and line ends, so neither
# passes; what is not ASCII never comes from us unescaped.
OURS = re.compile(r"/(?![/\\])[!-\[\]-~]*")
LONGEST = 1000


def safe_next(target: str | None, otherwise: str = "/") -> str:
    """The address to go on to when it is a plain path on this host, else `otherwise`."""
    if target and len(target) <= LONGEST and OURS.fullmatch(target):
        return target
    return otherwise


def to_sign_in() -> Response:
    """Off to the sign-in page and back afterwards; what a script asked for is answered with 401 instead."""
    if request.headers.get("X-Fragment"):
        return Response("Sign in first", 401, mimetype="text/plain")
    came_from = here() if request.method in ("GET", "HEAD") else _page_of_the_form()
    query = f"?next={quote(came_from)}" if safe_next(came_from) != "/" else ""
    return redirect(f"/sign-in{query}", 303)


def here() -> str:
    """This page with its query, as a plain path."""
    return iri_to_uri(request.full_path.removesuffix("?"))


def _page_of_the_form() -> str:
    """A form is sent from a page of ours that can be opened again; its own address may take nothing but forms."""
    page = urlsplit(request.referrer or "")
    if page.netloc != request.host:
        return iri_to_uri(request.path)
    return page.path + (f"?{page.query}" if page.query else "")


def back() -> str:
    """The page that a small form stood on; the start page when the browser does not say."""
    page = _page_of_the_form()
    return safe_next(page) if page != request.path else "/"
