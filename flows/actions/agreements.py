"""The product's own table of agreements: filled from a file, all of it or nothing, and activated by a flow (C41)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import bindparam, insert, select, update

from flows import access
from flows.lookups import AgreementTable
from flows.models import Agreement, Instance
from flows.models.base import opaque_id
from flows.plugin import PermanentFault
from flows.ports import Tenancy
from flows.rules.agreements import AgreementLine
from flows.work import Work

AT_ONCE = 2_000
Heard = Callable[[int], None]


@dataclass(frozen=True)
class Imported:
    """How many agreements of the file are new, say something else than before, or are as they were."""

    added: int
    changed: int
    unchanged: int


def import_agreements(work: Work, lines: Sequence[AgreementLine], heard: Heard = lambda _count: None) -> Imported:
    """Write these agreements by their number; those that the file does not name stay. `heard` is told how many so far.

    Numbers are unique among `lines`. Who activated an agreement, and for which day, is left as it is.
    """
    known = _known(work)
    new = [line for line in lines if line.number not in known]
    changed = [line for line in lines if line.number in known and known[line.number] != line]
    same = len(lines) - len(new) - len(changed)
    heard(same)
    for part in _parts(new):
        rows = [{**asdict(line), "uid": opaque_id("agr"), "imported_at": work.now} for line in part]
        work.session.execute(insert(Agreement), rows)
        heard(len(part))
    table = Agreement.__table__
    by_number = update(table).where(table.c.number == bindparam("by_number"))  # type: ignore[arg-type]  # a Table
    for part in _parts(changed):
        rows = [{**asdict(line), "by_number": line.number, "imported_at": work.now} for line in part]
        work.session.connection().execute(by_number, rows)
        heard(len(part))
    found = Imported(len(new), len(changed), same)
    work.audit("agreements_imported", "agreements", **asdict(found))
    return found


def _known(work: Work) -> dict[str, AgreementLine]:
    names = list(AgreementLine.__dataclass_fields__)
    rows = work.session.execute(select(*(getattr(Agreement, name) for name in names)))
    return {row.number: AgreementLine(*row) for row in rows}


def _parts(lines: Sequence[AgreementLine]) -> list[Sequence[AgreementLine]]:
    return [lines[start : start + AT_ONCE] for start in range(0, len(lines), AT_ONCE)]


@dataclass(frozen=True)
class OwnAgreements:
    """`flows.ports.Agreements` on the product's own table, inside the work of one effect."""

    work: Work
    instance: Instance | None

    def search(self, query: str, limit: int) -> Sequence[Tenancy]:
        return AgreementTable(self.work.session).search(query, limit)

    def get(self, id: str) -> Tenancy | None:
        return AgreementTable(self.work.session).get(id)

    def activate(self, id: str, move_in: date, key: str) -> None:  # noqa: ARG002  # the row itself knows who was first
        """The tenancy begins; told again by the same instance only the day may change."""
        query = select(Agreement).where(Agreement.uid == id).with_for_update(of=Agreement)
        agreement: Agreement | None = access.locked(self.work, query)
        if agreement is None:
            raise PermanentFault(f"There is no agreement {id} any more; import it again, then retry")
        by = self.instance.id if self.instance is not None else None
        if agreement.activated_at is not None and agreement.activated_by_id != by:
            raise PermanentFault(
                f"Agreement {agreement.number} was begun by another request already; look which is right"
            )
        agreement.activated_by_id, agreement.move_in_on = by, move_in
        agreement.activated_at = agreement.activated_at or self.work.now
