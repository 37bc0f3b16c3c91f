"""`baton agreements import`: all of a file or nothing, every bad line named, quick (C41)."""

from __future__ import annotations

import resource
import shutil
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.worker.test_command_line import baton

HEADER = "Number,Tenant name,Address,Tenant email,Rent,Starts on\n"


def of_many(count: int) -> list[str]:
    return [f'AG-{n:05},"Jones, Siân {n}",{n} Mill Lane,t{n}@mail.example,"1,{n % 1000:03}.50",{n % 28 + 1}/11/2026\n'
            for n in range(count)]  # fmt: skip


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of an installation whose database is ready."""
    made = tmp_path_factory.mktemp("ready")
    assert baton("db", "upgrade", folder=made).returncode == 0
    return made


@pytest.fixture
def folder(ready: Path, tmp_path: Path) -> Path:
    """Such a folder for one test."""
    return shutil.copytree(ready, tmp_path / "data")


def stored(folder: Path) -> list[tuple[str, str]]:
    engine = create_engine(f"sqlite:///{folder / 'baton.db'}")
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT number, tenant_name FROM agreements ORDER BY number")).all()
    engine.dispose()
    return [(row[0], row[1]) for row in rows]


def write(folder: Path, words: str, encoding: str = "utf-8") -> str:
    path = folder / "agreements.csv"
    path.write_bytes(words.encode(encoding))
    return str(path)


@pytest.mark.requirement("C41")
def test_a_file_is_added_then_changed_then_left_as_it_is(folder: Path) -> None:
    file = write(folder, HEADER + "A1,Priya Shah,12 Mill Lane,,850,\nA2,Olu Adeyemi,31 Beck Street,,,\n")
    checked = baton("agreements", "import", file, "--check", folder=folder)
    assert (checked.returncode, checked.stdout) == (0, "2 agreements can be imported.\n")
    assert stored(folder) == [], "only looked at"
    first = baton("agreements", "import", file, folder=folder)
    assert (first.returncode, first.stdout, first.stderr) == (0, "2 added, 0 changed, 0 unchanged.\n", "")
    file = write(folder, HEADER + "A2,Olu B. Adeyemi,31 Beck Street,,,\nA1,Priya Shah,12 Mill Lane,,850,\nA3,X,Y,,,\n")
    assert baton("agreements", "import", file, folder=folder).stdout == "1 added, 1 changed, 1 unchanged.\n"
    assert stored(folder) == [("A1", "Priya Shah"), ("A2", "Olu B. Adeyemi"), ("A3", "X")]


@pytest.mark.requirement("C41")
def test_three_bad_lines_among_five_thousand_and_nothing_is_imported(folder: Path) -> None:
    rows = of_many(5_000)
    rows[17], rows[2_500], rows[4_999] = "AG-X,,12 Mill Lane,,,\n", rows[7], "A,B\n"
    said = baton("agreements", "import", write(folder, HEADER + "".join(rows)), folder=folder)
    assert said.returncode == 1
    assert stored(folder) == []
    named = [one.partition("agreements.csv: ")[2] for one in said.stderr.splitlines()]
    assert named == [
        "line 19: tenant_name is empty; fill it in or remove the line",
        "line 2502: the number AG-00007 stands in line 9 already; keep one of them",
        "line 5001: has 2 cells, and the first line names 6 columns; quote a cell that holds a comma",
        "",
    ]
    assert said.stderr.endswith("3 bad lines: nothing was imported.\n")


@pytest.mark.requirement("C41")
def test_of_many_bad_lines_fifty_are_shown(folder: Path) -> None:
    said = baton("agreements", "import", write(folder, HEADER + "A,B\n" * 80), folder=folder)
    assert said.returncode == 1
    assert said.stderr.count("has 2 cells") == 50
    assert "... and 30 more\n80 bad lines: nothing was imported.\n" in said.stderr


@pytest.mark.requirement("C41")
@pytest.mark.parametrize(
    ("words", "encoding", "code", "told"),
    [
        (HEADER + "A1,Siân,12,,,\n", "cp1252", 0, "is not UTF-8; it was read as Windows-1252"),
        ("number,tenant_name,address,Notes\nA1,Siân,12,x\n", "utf-8-sig", 0, "Columns that are not used: Notes"),
        (HEADER, "utf-8", 1, "there is no line below the first"),
        ("", "utf-8", 1, "The first line is empty"),
        (HEADER + "A1,Siân,12,,,\n", "utf-16", 1, "The file is UTF-16"),
    ],
)
def test_a_file_is_told_about(folder: Path, words: str, encoding: str, code: int, told: str) -> None:
    said = baton("agreements", "import", write(folder, words, encoding), folder=folder)
    assert said.returncode == code
    assert told in said.stderr
    assert "Traceback" not in said.stderr
    assert stored(folder) == ([("A1", "Siân")] if code == 0 else [])


def test_a_place_where_it_would_be_lost_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, HEADER + "A1,Priya,12,,,\n")
    early = baton("agreements", "import", file, folder=tmp_path)
    assert (early.returncode, early.stderr) == (
        2,
        "Error: The database is at no revision, not 0001; run: baton db upgrade\n",
    )
    elsewhere = baton("agreements", "import", file, folder=tmp_path, BATON_AGREEMENTS_URL="https://housing.example")
    assert elsewhere.returncode == 2
    assert "unset it to keep them here" in elsewhere.stderr
    away = baton("agreements", "import", file, folder=tmp_path, DATABASE_URL="postgresql://x@127.0.0.1:9/x")
    assert away.returncode == 2
    assert "for the cure: baton doctor" in away.stderr
    assert baton("agreements", "import", str(tmp_path / "gone.csv"), folder=tmp_path).returncode == 2


@pytest.mark.requirement("C41")
def test_many_lines_are_imported_quickly(folder: Path) -> None:
    """20,000 in their share of the minute that 100,000 may take; of the processor, not of a busy machine's clock."""
    file = write(folder, HEADER + "".join(of_many(20_000)))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = baton("agreements", "import", file, folder=folder)
    assert said.stdout == "20,000 added, 0 changed, 0 unchanged.\n"
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 12
