"""The product's own table of agreements, as far as it is read: `flows.ports.AgreementSearch` on what was imported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from flows.models import Agreement
from flows.ports import Tenancy

SEARCHED = (Agreement.number, Agreement.address, Agreement.tenant_name, Agreement.tenant_email)


@dataclass(frozen=True)
class AgreementTable:
    """Searches by number, address, name and address of mail; an agreement whose number is just that comes first."""

    session: Session

    def search(self, query: str, limit: int) -> Sequence[Tenancy]:
        found = select(Agreement)
        for word in query.split():
            found = found.where(or_(*(column.icontains(word, autoescape=True) for column in SEARCHED)))
        exact = func.lower(Agreement.number) != query.strip().lower()
        rows = self.session.scalars(found.order_by(exact, Agreement.number).limit(limit))
        return [tenancy_of(row) for row in rows]

    def get(self, id: str) -> Tenancy | None:
        row = self.session.scalar(select(Agreement).where(Agreement.uid == id))
        return None if row is None else tenancy_of(row)


def tenancy_of(row: Agreement) -> Tenancy:
    return Tenancy(
        id=row.uid,
        number=row.number,
        tenant_name=row.tenant_name,
        address=row.address,
        tenant_email=row.tenant_email,
        rent_minor=row.rent_minor,
        currency=row.currency,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        is_active=row.activated_at is not None,
    )
