"""Bank transfers: no machine looks at them or pays them back; people do, and are told to."""

from __future__ import annotations

from flows.plugin import PermanentFault
from flows.rules.payments import Word
from flows.rules.words import money_in_words
from messaging.payments.provider import Checkout


class Bank:
    """Staff confirm what stands on the statement; what goes back they transfer by hand."""

    def look(self, checkout: Checkout) -> Word:
        """Nobody knows before people have looked at the statement."""
        return Word("open", checkout.reference, checkout.uid)

    def close(self, _checkout: Checkout) -> None:
        """There is nothing to close."""

    def refund(self, checkout: Checkout) -> int:
        money = money_in_words(checkout.received_minor - checkout.refunded_minor, checkout.currency)
        raise PermanentFault(
            f"Transfer {money} back by hand ({checkout.reference}), then choose “Mark as paid back” on the payment"
        )
