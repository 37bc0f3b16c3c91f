"""Nothing private is readable in the database, whatever was done with it; keys are changed without losing an answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from flows import access
from flows import settings as room
from flows.actions import accounts, delivering, onboarding, resealing, sealing
from flows.actions.beginning import Wish
from flows.actions.scope import answers_of
from flows.db import db
from flows.models import Effect, Instance, Invitation, Submission
from flows.rules.actors import SYSTEM
from flows.settings import Settings, SettingsError
from flows.work import end_reading, unit_of_work
from messaging import outbox, webhooks
from tests.private import plugin
from tests.private.conftest import (
    CASE_CODE,
    EMERGENCY,
    IBAN,
    INCOME,
    MONEY,
    OTHER_SECRET,
    PIN,
    SECRETS,
    Confided,
    everything_stored,
)
from tests.world import World


def live(confided: Confided) -> None:
    """From the first draft to the outcome, with everything that is owed carried out."""
    confided.draft("money", {"iban": IBAN, "income": INCOME})
    confided.submit("money", MONEY)
    confided.send_back("money", "Please look again")
    confided.draft("money", {"income": INCOME}, merge=True)
    confided.submit("money", MONEY)
    confided.approve("money")
    confided.submit("hardship", {"again": "", "story": "The boiler broke"})
    confided.submit("payout", {"code": "L-1", "paid_by": "Gus", "pin": PIN}, by=confided.world.admin)
    for effect_id in access.read_as(SYSTEM).scalars(select(Effect.id).order_by(Effect.id)).all():
        outbox.deliver(effect_id)
    confided.conclude("complete", "")


def found_in(texts: list[str]) -> set[str]:
    return {secret for secret in SECRETS if any(secret in text for text in texts)}


@pytest.mark.requirement("X20")
def test_a_whole_life_leaves_nothing_readable(
    confided: Confided, settings: Settings, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = []
    monkeypatch.setattr(webhooks, "post", lambda *given: sent.append(given) or webhooks.Answer(200, {}))
    live(confided)
    stored = everything_stored()
    assert any("Asha" in text for text in stored), "what is not private is there"
    assert any("The boiler broke" in text for text in stored)
    assert found_in(stored) == set()
    if database == "sqlite":
        db.session.remove()
        raw = [path.read_bytes() for path in Path(settings.data).glob("baton.db*")]
        assert raw
        assert {secret for secret in SECRETS if any(secret.encode() in part for part in raw)} == set()
    assert [{"iban": IBAN, "words": f"To {IBAN} for {EMERGENCY}"}] * 2 == plugin.HANDED, "a call gets it in clear"
    assert sent[0][0] == f"http://127.0.0.1:9/?iban={IBAN}"
    assert sent[0][2] == {"iban": IBAN, "ref": confided.ref}


@pytest.mark.requirement("X20")
def test_what_is_sealed_is_what_was_given(confided: Confided) -> None:
    confided.submit("money", MONEY)
    instance = confided.now()
    step = instance.step("money")
    assert step is not None
    assert sealing.is_sealed(step.answers["iban"])
    assert sealing.is_sealed(step.answers["income"])
    assert step.answers["children"][0]["name"] == "Asha"
    assert sealing.is_sealed(step.answers["children"][0]["born"])
    assert step.answers["remark"] is None, "what was left empty is no secret"
    assert answers_of(instance, confided.definition()) == {
        **MONEY, "remark": None, "emergency": EMERGENCY, "known": None,
    }  # fmt: skip
    submission = access.read_as(SYSTEM).scalars(select(Submission)).one()
    assert sealing.is_sealed(submission.answers["iban"])
    assert sealing.is_sealed(instance.inputs["case_code"])


def test_a_draft_keeps_what_was_typed_wrong_and_seals_it(confided: Confided) -> None:
    typed = {"iban": ["not", "text"], "income": "about 876.54 a month", "children": "Asha, 2019-05-04"}
    confided.draft("money", typed)
    assert found_in(everything_stored()) == set()
    assert confided.form("money", confided.world.tenant) == typed


@pytest.mark.requirement("X20", "C10")
def test_what_an_invitation_keeps_is_sealed_too(confided: Confided, world: World) -> None:
    given = {"name": "Noor New", "email": "noor@example.com", "address": "1 Mill Lane, Leeds"}
    wish = Wish(inputs={"case_code": CASE_CODE}, fields={"emergency": EMERGENCY})
    with unit_of_work(world.agent) as work:
        onboarding.invite_tenant(work, given, "support", wish)
    assert found_in(everything_stored()) == set()
    end_reading()
    mail = access.read_as(SYSTEM).scalars(select(Effect).where(Effect.key.startswith("invitation:"))).all()[-1]
    token = str(mail.payload["scope"]["url"]).rpartition("/")[2]
    with unit_of_work(accounts.NOBODY) as work:
        accounts.accept_invitation(work, token, accounts.Device(), name="Noor New")
    end_reading()
    begun = access.read_as(SYSTEM).scalars(select(Instance).order_by(Instance.id.desc())).first()
    assert begun is not None
    assert begun.source == "onboarding"
    assert answers_of(begun, confided.definition())["emergency"] == EMERGENCY
    assert found_in(everything_stored()) == set()


@pytest.fixture
def keys() -> tuple[str, str]:
    return Fernet.generate_key().decode(), Fernet.generate_key().decode()


def use(**more: str) -> None:
    room.use(replace(room.current(), **more))


@pytest.mark.requirement("X20")
def test_keys_are_changed_without_losing_an_answer(confided: Confided, keys: tuple[str, str]) -> None:
    """Derived from SECRET_KEY at first, then a key of its own, a second one in front of it, and that one alone."""
    first, second = keys
    confided.submit("money", MONEY)
    for key in (first, f"{second}, {first}"):
        use(field_key=key)
        assert answers_of(confided.now(), confided.definition())["iban"] == IBAN
        with unit_of_work(SYSTEM) as work:
            assert resealing.instances_with_sealed(work.session) == [confided.now().id]
        with unit_of_work(SYSTEM) as work:
            resealing.reseal_instance(work, confided.now().id)
    use(field_key=second, secret_key=OTHER_SECRET)
    end_reading()
    assert resealing.lost(access.read_as(SYSTEM)) == 0
    found = answers_of(confided.now(), confided.definition())
    assert {name: found[name] for name in MONEY} == MONEY
    assert found["emergency"] == EMERGENCY
    effect = access.read_as(SYSTEM).scalars(select(Effect).where(Effect.kind == "call")).one()
    assert delivering.in_clear(effect.payload["with"])["iban"] == IBAN


def test_invitations_change_their_keys_too(confided: Confided, keys: tuple[str, str], world: World) -> None:
    given = {"name": "Noor New", "email": "noor@example.com", "address": "1 Mill Lane, Leeds"}
    with unit_of_work(world.agent) as work:
        onboarding.invite_tenant(work, given, "support", Wish(inputs={"case_code": CASE_CODE}))
    use(field_key=keys[0])
    with unit_of_work(SYSTEM) as work:
        resealing.reseal_the_rest(work)
    use(secret_key=OTHER_SECRET)
    end_reading()
    begins = access.read_as(SYSTEM).scalars(select(Invitation.begins)).one()
    assert sealing.unsealed(begins["inputs"]["case_code"]) == CASE_CODE


@pytest.mark.requirement("X20")
def test_an_answer_whose_key_is_gone_breaks_nothing(confided: Confided) -> None:
    confided.submit("money", MONEY)
    use(secret_key=OTHER_SECRET)
    found = answers_of(confided.now(), confided.definition())
    assert "iban" not in found, "a condition over it is not yet known"
    assert found["children"] == [{"name": "Asha", "school": "Mill Road"}]
    assert "iban" not in confided.form("money", confided.world.tenant)
    end_reading()
    assert resealing.lost(access.read_as(SYSTEM)) >= 4
    call = access.read_as(SYSTEM).scalars(select(Effect.id).where(Effect.kind == "call")).one()
    outbox.deliver(call)
    end_reading()
    effect = access.read_as(SYSTEM).get_one(Effect, call)
    assert (effect.state, "BATON_FIELD_KEY" in effect.last_fault) == ("incident", True)
    with unit_of_work(SYSTEM) as work:
        resealing.reseal_instance(work, confided.now().id)
    confided.send_back("money", "Please enter it again")
    confided.submit("money", MONEY)
    assert answers_of(confided.now(), confided.definition())["iban"] == IBAN


@pytest.mark.parametrize(
    "key", ["short", "ä" * 44, f"{'A' * 43}=,x", "A" * 43], ids=["short", "letters", "second", "padding"]
)
def test_a_key_that_is_none_is_refused_with_its_cure(key: str) -> None:
    with pytest.raises(SettingsError, match=r"Fernet\.generate_key"):
        Settings.from_env({}, field_key=key)
