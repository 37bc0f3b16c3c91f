"""Settings about money: half of them is none, and test money is not taken for real."""

from __future__ import annotations

import pytest

from flows.settings import Settings, SettingsError
from tests.security.test_settings_and_hooks import GOOD
from worker.commands.doctor import _settings

STRIPE = {"BATON_STRIPE_KEY": "sk_live_1", "BATON_STRIPE_WEBHOOK_SECRET": "whsec_1"}


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"BATON_STRIPE_KEY": "sk_live_1"}, "BATON_STRIPE_WEBHOOK_SECRET"),
        ({**STRIPE, "BATON_STRIPE_API_BASE": "http://stripe.example"}, "BATON_STRIPE_API_BASE"),
        ({**STRIPE, "BATON_STRIPE_API_BASE": "stripe.example"}, "BATON_STRIPE_API_BASE"),
        ({**STRIPE, "BATON_STRIPE_API_BASE": "https://"}, "BATON_STRIPE_API_BASE"),
    ],
)
def test_money_by_halves_does_not_start(given: dict[str, str], name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_env({**GOOD, **given})


def test_money_that_is_whole() -> None:
    settings = Settings.from_env({**GOOD, **STRIPE})
    assert (settings.takes_cards, settings.has_own_checkout) == (True, False)
    assert Settings.from_env({**GOOD, **STRIPE, "BATON_STRIPE_API_BASE": "https://x.example/"}).stripe_base
    assert not Settings.from_env(GOOD).takes_cards
    local = {**STRIPE, "BATON_MODE": "development", "BATON_STRIPE_API_BASE": "http://127.0.0.1:9"}
    assert Settings.from_env(local).checkout_origin == "http://127.0.0.1:9"


@pytest.mark.parametrize(("key", "how", "is_ill"), [("sk_live_1", "real", False), ("sk_test_1", "test", True)])
def test_the_doctor_sees_test_money_in_production(key: str, how: str, is_ill: bool) -> None:
    found = {one.what: one for one in _settings(Settings.from_env({**GOOD, **STRIPE, "BATON_STRIPE_KEY": key}))}
    assert found["payments"].how == f"Stripe, {how} money"
    assert bool(found["payments"].cure) == is_ill
