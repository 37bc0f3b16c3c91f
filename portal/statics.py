"""Styles, scripts and icons: small files whose address changes with them, so that browsers keep them for ever."""

from __future__ import annotations

import hashlib
import mimetypes
import zlib
from dataclasses import dataclass
from pathlib import Path

from flask import Flask, request
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join
from werkzeug.wrappers import Response

from portal.may import may

FOLDER = Path(__file__).parent / "static"
FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    """One file, read once for each time that it changed."""

    changed_at: float
    content: bytes
    squeezed: bytes
    version: str
    mimetype: str


_assets: dict[str, Asset] = {}


def register(app: Flask) -> None:
    app.add_url_rule("/static/<path:name>", "static", _serve)
    app.jinja_env.globals["asset"] = asset


def asset(name: str) -> str:
    """The address of a static file with its version, `/static/base.css?v=1f2e3d4c`."""
    found = _find(name)
    return f"/static/{name}?v={found.version}" if found else f"/static/{name}"


def _find(name: str) -> Asset | None:
    path = safe_join(str(FOLDER), name)
    try:
        changed_at = Path(path).stat().st_mtime if path else None
    except (OSError, ValueError):
        return None
    if path is None or changed_at is None or not Path(path).is_file():
        return None
    known = _assets.get(name)
    if known is None or known.changed_at != changed_at:
        known = _assets[name] = _read(Path(path), changed_at)
    return known


def _read(path: Path, changed_at: float) -> Asset:
    content = path.read_bytes()
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    mimetype = "text/javascript" if path.suffix == ".js" else mimetypes.guess_type(path.name)[0]
    return Asset(
        changed_at,
        content,
        squeeze.compress(content) + squeeze.flush(),
        hashlib.sha256(content).hexdigest()[:8],
        mimetype or "application/octet-stream",
    )


@may("public")
def _serve(name: str) -> Response:
    found = _find(name)
    if found is None:
        raise NotFound
    small = bool(request.accept_encodings["gzip"]) and len(found.squeezed) < len(found.content)
    response = Response(found.squeezed if small else found.content, mimetype=found.mimetype)
    if small:
        response.content_encoding = "gzip"
    response.vary.add("Accept-Encoding")
    response.headers["Cache-Control"] = FOR_EVER if request.args.get("v") == found.version else "no-cache"
    response.set_etag(found.version + ("-gz" if small else ""))
    return response.make_conditional(request)
