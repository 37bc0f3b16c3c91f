"""`baton flows preview`: a page on this machine for the author of one flow, which follows the file as it is saved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from threading import Lock
from typing import Any, TypeVar

from jinja2 import Environment, PackageLoader
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from flows.authoring import diagram
from flows.authoring.play.cast import Stranger
from flows.authoring.play.scenes import Scene, languages_of, scenes_of
from flows.catalogue import LoadedFlow
from flows.catalogue.lint import EXPLANATIONS
from flows.words import LANGUAGES
from portal.statics import asset
from worker.preview import mails, takes
from worker.preview.mails import Posted, mails_of
from worker.preview.product import Product
from worker.preview.source import Reading, Source
from worker.preview.takes import Take, take

T = TypeVar("T")
HOSTS = ["127.0.0.1", "localhost", "[::1]"]
"""A page elsewhere may have its own name resolved to this machine: no other name is answered."""
WIDTHS = {"both": "Phone and desktop", "phone": "Phone", "desktop": "Desktop"}
PARTS = {"mails": "Mails", "diagram": "Diagram", "lint": "Lint"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@dataclass
class Shown:
    """One state of the files, and what was made of it so far."""

    reading: Reading
    stamp: str
    made: dict[tuple[str, ...], Any] = field(default_factory=dict)

    @property
    def loaded(self) -> LoadedFlow:
        if self.reading.loaded is None:
            raise NotFound("The flow is broken; its own page says where")
        return self.reading.loaded

    @property
    def scenes(self) -> list[Scene]:
        return scenes_of(self.loaded.definition)

    @property
    def languages(self) -> dict[str, str]:
        return languages_of(self.reading.registry, self.loaded.definition)


class Local:
    """The pages, as a WSGI application. One play at a time: a play has clock, settings and flows of its own."""

    def __init__(self, source: Source) -> None:
        self.source, self.product = source, Product()
        self._playing = Lock()
        self._shown = self._read()
        answers = {"/": self.page, "/take": self.take, "/mail": self.mail, "/changes": self.changes}
        self._addresses = Map([Rule(path, endpoint=answer) for path, answer in answers.items()])

    def close(self) -> None:
        """Its folder goes."""
        self.product.close()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        request = Request(environ)
        request.trusted_hosts = HOSTS
        try:
            assert request.host  # asked for, so that another name is refused
            if request.path.startswith("/static/"):
                return self.product.app(environ, start_response)
            answer, _ = self._addresses.bind_to_environ(environ).match()
            response: Response = answer(request)
        except HTTPException as wrong:
            return wrong(environ, start_response)
        response.headers.update({"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})
        return response(environ, start_response)

    def page(self, request: Request) -> Response:
        """What the author chose to look at, and everything else to choose from; or what is wrong with the file."""
        shown, width = self._now(), request.args.get("width", "")
        words = {"reading": shown.reading, "stamp": shown.stamp, "explain": EXPLANATIONS}
        if shown.reading.loaded is None:
            return _page("broken.html", POLICY, **words)
        language, scenes, show = _language(request, shown), shown.scenes, request.args.get("show", "")
        scene = next((one for one in scenes if one.key == show), scenes[0] if scenes else None)
        part = show if show in PARTS or scene is None else ""
        words |= {"flow": shown.loaded.definition, "scenes": scenes, "languages": shown.languages, "language": language}
        words |= {"scene": scene, "part": part, "parts": PARTS, "widths": WIDTHS, "spoken": LANGUAGES}
        words |= {"mails": self._mails(shown, language) if part == "mails" else []}
        words |= {"drawing": diagram.svg(shown.loaded.definition) if part == "diagram" else ""}
        return _page("preview.html", POLICY, **words, width=width if width in WIDTHS else "both")

    def take(self, request: Request) -> Response:
        """One page of the product, for a frame."""
        shown = self._now()
        language = _language(request, shown)
        scene = next((one for one in shown.scenes if one.key == request.args.get("scene")), None)
        if scene is None:
            raise NotFound("No such page")
        flow, stranger = shown.loaded.definition.flow, Stranger(language=language)
        made: Take = self._made(
            shown,
            ("take", scene.key, language),
            lambda: take(self.product, shown.reading.registry, flow, scene, stranger, datetime.now(UTC)),
        )
        return _answer(made.html, takes.POLICY) if made.html else _page("note.html", takes.POLICY, note=made.note)

    def mail(self, request: Request) -> Response:
        """The HTML of one mail, for a frame."""
        shown = self._now()
        named = request.args.get("template")
        posted = next((one for one in self._mails(shown, _language(request, shown)) if one.template == named), None)
        if posted is None or posted.letter is None:
            raise NotFound("No such mail")
        return _answer(posted.letter.html, mails.POLICY)

    def changes(self, _request: Request) -> Response:
        """What the files look like now, in a few letters: the page asks for it again and again."""
        return Response(self._fingerprint(), mimetype="text/plain")

    def _mails(self, shown: Shown, language: str) -> Sequence[Posted]:
        flow, stranger = shown.loaded.definition.flow, Stranger(language=language)
        return self._made(
            shown,
            ("mails", language),
            lambda: mails_of(self.product, shown.reading.registry, flow, stranger, datetime.now(UTC)),
        )

    def _now(self) -> Shown:
        """The files as they are; read again when something was saved since."""
        with self._playing:
            if self._fingerprint() != self._shown.stamp:
                self._shown = self._read()
            return self._shown

    def _read(self) -> Shown:
        """The stamp comes first: what is saved during the reading makes another one, and is read next."""
        stamp = self._fingerprint()
        return Shown(self.source.read(), stamp)

    def _fingerprint(self) -> str:
        return sha256(repr(self.source.stamp()).encode()).hexdigest()[:16]

    def _made(self, shown: Shown, key: tuple[str, ...], make: Callable[[], T]) -> T:
        """What was made of this state of the files before, else made now: two frames show the same page."""
        with self._playing:
            if key not in shown.made:
                shown.made[key] = make()
            made: T = shown.made[key]
            return made


def _language(request: Request, shown: Shown) -> str:
    given = request.args.get("language", "")
    return given if given in shown.languages else "en"


def _page(template: str, policy: str, **words: Any) -> Response:
    return _answer(_templates().get_template(template).render(asset=asset, **words), policy)


def _answer(html: str, policy: str) -> Response:
    return Response(html, mimetype="text/html", headers={"Content-Security-Policy": policy})


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return Environment(loader=PackageLoader("worker.preview"), autoescape=True, trim_blocks=True, lstrip_blocks=True)
