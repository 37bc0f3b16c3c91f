"""What authors of flows and whoever runs the product are told about private answers."""

from __future__ import annotations

import re

import pytest
from cryptography.fernet import Fernet

from flows import catalogue
from flows.settings import Settings
from tests.private.conftest import MONEY, OTHER_SECRET, Confided
from tests.worker.test_command_line import baton


@pytest.mark.requirement("X35", "X20")
@pytest.mark.parametrize("database", ["sqlite"])
def test_lint_warns_of_words_that_would_show_a_mask(served: None, database: str) -> None:
    problems = catalogue.current().flows["support"].problems
    assert {one.severity for one in problems} == {"warning"}
    found = {(one.code, one.source_line.strip().partition(":")[0]) for one in problems if "flow.yaml" in one.file}
    assert found == {
        ("F710", "again"),
        ("F710", "complete"),
        ("F710", "too_rich"),
        ("F710", "- notice"),
        ("F711", "paid_by"),
    }, "calls and webhooks hand it out; a condition tells nobody"
    mail = [(one.code, one.line) for one in problems if one.file.endswith("received.en.md")]
    assert mail == [("F710", 1), ("F710", 3), ("F710", 5)]


def run(settings: Settings, *command: str, **env: str) -> str:
    """What a command says, in a process of its own on the same database."""
    given = {"BATON_MODE": "test", "DATABASE_URL": settings.database_url, "SECRET_KEY": "k" * 40, **env}
    ran = baton(*command, folder=settings.folder, **given)
    return ran.stdout + ran.stderr


@pytest.mark.requirement("X20")
def test_the_doctor_counts_what_cannot_be_opened_and_reseal_mends_it(confided: Confided, settings: Settings) -> None:
    key = Fernet.generate_key().decode()
    confided.submit("money", MONEY)
    assert "all can be opened" in run(settings, "doctor")
    lost = run(settings, "doctor", SECRET_KEY=OTHER_SECRET)
    assert re.search(r"ill +answers +1\d private ones cannot be opened \(key\)", lost), lost
    assert "BATON_FIELD_KEY" in lost
    stuck = run(settings, "db", "reseal", SECRET_KEY=OTHER_SECRET)
    assert "The private answers of 1 instances" in stuck
    moved = run(settings, "db", "reseal", BATON_FIELD_KEY=key)
    assert "under the newest key" in moved
    fresh = {"SECRET_KEY": OTHER_SECRET, "BATON_FIELD_KEY": key}
    assert "all can be opened" in run(settings, "doctor", **fresh)


@pytest.mark.parametrize("database", ["sqlite"])
def test_the_doctor_says_once_that_the_database_is_away(settings: Settings, database: str) -> None:
    said = run(settings, "doctor", DATABASE_URL="postgresql://nobody@127.0.0.1:9/nothing")
    assert "ill   database" in said
    assert "  answers  " not in said
