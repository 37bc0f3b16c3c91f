"""A request as a PDF to keep: what was asked, answered and decided, as far as whoever asks may read it (P10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table

from flows.models import Instance
from flows.rules.words import moment_in_words
from flows.words import gettext as _
from flows.words import language

FONTS = Path(__file__).parent / "fonts"
PLAIN, BOLD = "DejaVu", "DejaVu-Bold"
LINE, MUTED = HexColor("#d5d9e0"), HexColor("#5b6472")
MARGIN, PADDING = 20 * mm, 6
"""What ReportLab keeps free within its margins, in points."""
QUESTION_WIDTH, ANSWER_WIDTH = 60 * mm, A4[0] - 2 * (MARGIN + PADDING) - 60 * mm


def copy_of(
    instance: Instance,
    title: str,
    status: str,
    steps: Sequence[Mapping[str, Any]],
    brand: str,
    now: datetime,
    zone: str,
) -> bytes:
    """The bytes of the document. `steps` are those of `given.by_step`; moments are in `zone`."""
    _learn_fonts()
    whose = ", ".join(word for word in (instance.customer_name, instance.customer_address) if word)
    facts = [(_("Reference"), instance.reference), (_("For"), whose), (_("Status"), status),
             (_("Started"), moment_in_words(instance.created_at, zone))]  # fmt: skip
    if instance.closed_at is not None:
        facts.append((_("Ended"), moment_in_words(instance.closed_at, zone)))
    facts.append((_("This copy is of"), moment_in_words(now, zone)))
    story: list[Flowable] = [_text(brand, muted=True), _text(title, size=18, bold=True), _rows(facts)]
    if instance.close_message:
        story += [_heading(_("How it ended")), _text(instance.close_message)]
    for step in steps:
        story += _step(step, zone)
    return _printed(story, f"{title} ({instance.reference})", brand)


def _step(step: Mapping[str, Any], zone: str) -> Iterable[Flowable]:
    said = _("From us") if step["ours"] else _("Sent")
    when = f", {moment_in_words(step['at'], zone)}" if step["at"] is not None else ""
    yield _heading(step["title"])
    yield _text(said + when, size=8, muted=True)
    yield _rows([(row["label"], _answer(row)) for row in step["rows"]])


def _answer(row: Mapping[str, Any]) -> str:
    """The files of a list stand below it, each with its entry."""
    named = [f"{file.entry}: {file.name}" for file in row.get("files", ()) if file.entry]
    return "\n".join([row["value"] or _("Not provided"), *named])


def _rows(rows: Iterable[tuple[str, Any]]) -> Flowable:
    cells = [[_text(str(label), bold=True), _text(str(value))] for label, value in rows]
    style = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE),
             ("LEFTPADDING", (0, 0), (-1, -1), 0)]  # fmt: skip
    return Table(cells, colWidths=[QUESTION_WIDTH, ANSWER_WIDTH], style=style) if cells else Spacer(0, 0)


def _heading(words: str) -> Flowable:
    return _text(words, size=13, bold=True, before=14)


def _text(words: str, size: int = 10, bold: bool = False, muted: bool = False, before: int = 0) -> Flowable:
    """What people typed is text and never markup; its ends of lines stay."""
    style = ParagraphStyle(
        "text", fontName=BOLD if bold else PLAIN, fontSize=size, leading=size * 1.4, spaceBefore=before, spaceAfter=4,
        textColor=MUTED if muted else HexColor("#000000"), splitLongWords=True,
    )  # fmt: skip
    shown = "".join(sign for sign in words if sign == "\n" or sign.isprintable())
    return Paragraph(escape(shown).replace("\n", "<br/>"), style)


def _printed(story: list[Flowable], title: str, author: str) -> bytes:
    made = BytesIO()
    document = SimpleDocTemplate(
        made, pagesize=A4, leftMargin=MARGIN, rightMargin=MARGIN, topMargin=MARGIN, bottomMargin=MARGIN,
        title=title, author=author, lang=language(), invariant=1,
    )  # fmt: skip
    document.build(story)
    return made.getvalue()


@cache
def _learn_fonts() -> None:
    """The fonts that every PDF reader has know no Welsh ŵ and no Polish ł."""
    pdfmetrics.registerFont(TTFont(PLAIN, FONTS / "DejaVuSans.ttf"))
    pdfmetrics.registerFont(TTFont(BOLD, FONTS / "DejaVuSans-Bold.ttf"))
