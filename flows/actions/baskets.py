"""A buyer's basket, kept on the server so that it is there on every device."""

from __future__ import annotations

from sqlalchemy import delete, select

from flows import access
from flows.actions.ordering import MOST_LINES, Item, quantity_problem
from flows.models import BasketLine, Product, User
from flows.rules.errors import Invalid, Refused
from flows.words import gettext as _
from flows.work import Work


def put(work: Work, product_uid: str, quantity: int) -> None:
    """Set how many of a product are in the basket; 0 takes it out. Invalid for an unknown product or quantity."""
    user_id = _buyer_locked(work)
    product = work.session.scalar(access.products_on_sale().where(Product.uid == access.clean(product_uid)))
    if product is None:
        raise Invalid(_("This product is not on sale. Choose another one"), "/product_id", "unknown_product")
    problem = None if quantity == 0 else quantity_problem(quantity)
    if problem:
        raise Invalid([problem])
    lines = {
        line.product_id: line for line in work.session.scalars(select(BasketLine).where(BasketLine.user_id == user_id))
    }
    line = lines.get(product.id)
    if quantity == 0:
        if line is not None:
            work.session.delete(line)
    elif line is not None:
        line.quantity = quantity
    elif len(lines) >= MOST_LINES:
        raise Invalid(
            _("A basket has at most %(most_lines)s different products", most_lines=MOST_LINES),
            "/product_id",
            "too_many",
        )
    else:
        work.session.add(BasketLine(user_id=user_id, product_id=product.id, quantity=quantity, added_at=work.now))


def empty(work: Work) -> None:
    """Take everything out, because it was ordered."""
    work.session.execute(
        delete(BasketLine).where(BasketLine.user_id == _buyer(work)), execution_options={"synchronize_session": False}
    )


def items_in(work: Work) -> list[Item]:
    """What is in the basket as items of an order; locked, so that what is ordered here is ordered nowhere else."""
    query = (
        select(Product.uid, BasketLine.quantity)
        .join(BasketLine.product)
        .where(BasketLine.user_id == _buyer_locked(work))
        .order_by(BasketLine.id)
    )
    return [Item(uid, quantity) for uid, quantity in work.session.execute(query)]


def _buyer_locked(work: Work) -> int:
    """The buyer's own row is the lock of the basket: two pages of one person come here one after the other."""
    buyer_id = _buyer(work)
    work.session.execute(select(User.id).where(User.id == buyer_id).with_for_update(key_share=True))
    return buyer_id


def _buyer(work: Work) -> int:
    if work.actor.user_id is None:
        raise Refused(_("Only a person has a basket"), known=True)
    return work.actor.user_id
