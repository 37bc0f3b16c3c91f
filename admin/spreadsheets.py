"""Lists as files for spreadsheets, in which nothing that people typed is ever calculated."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from itertools import chain

from flask import Response, stream_with_context

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def line(cells: Sequence[object]) -> str:
    """One row; a cell that a spreadsheet would calculate is marked as text."""
    row = io.StringIO()
    csv.writer(row).writerow([safe(str(cell)) for cell in cells])
    return row.getvalue()


def safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def as_file(name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A file to download, sent while it is made; `rows` is read while the request and its session are alive (X25)."""
    lines = stream_with_context(chain([line(columns)], (line(row) for row in rows)))
    headers = {"Content-Disposition": f"attachment; filename={name}.csv"}
    return Response(lines, mimetype="text/csv", headers=headers)
