"""Versions of a flow: what is another in two of them, which running instances may move to one, and moving them (A9).

Each instance is a piece of work of its own, as with every change to many (`admin.bulk`): after two hundred the page
says how far it is and goes on with a button, so whoever began sees it and can stop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import g, redirect, request
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from admin.asking import go_on
from admin.bulk import AT_ONCE, MOST, counted, ids_of
from admin.guard import StaffView, door
from admin.showing import Tag, argument, show
from admin.views.flow_trials import loaded_flow
from flows import access, catalogue
from flows.actions import versions
from flows.actions.migrating import new_run
from flows.authoring import migrate
from flows.authoring.diff import Change, difference, grouped
from flows.authoring.migrate import Foreseen, Target, Went
from flows.clock import clock
from flows.models import FlowVersion
from flows.models.instances import instance_id_from
from flows.queries import migration_runs, versions_in_use
from flows.rules.errors import Refused
from flows.words import gettext as _

FILE = "file"
A_PAGE = 200
MOST_COUNTED = 2_000
"""So many are judged for the totals, in about two seconds; of more the page says how many it has counted."""
TAGS = {"green": Tag(_l("Green"), "ok"), "yellow": Tag(_l("Yellow"), "warn"), "red": Tag(_l("Red"), "bad")}
MEANS = {
    "green": _l("nothing is lost, nobody has anything new to do"),
    "yellow": _l("something is lost or asked anew"),
    "red": _l("cannot be moved as it is"),
}


@dataclass(frozen=True)
class Part:
    """One part of a move or of its undoing, as the page before sent it: what is left, and what it came to so far."""

    refs: tuple[str, ...]
    at: int
    done: int
    refused: tuple[str, ...]

    @classmethod
    def sent(cls) -> Part:
        form = request.form
        refs = [*form.getlist("ref"), *form.get("refs", "").split(",")]
        refused = tuple(access.clean(line)[:300] for line in form.getlist("refused"))
        at, done = _number(form.get("at", "")), _number(form.get("changed", ""))
        return cls(tuple(one for one in refs if one), at, done, refused)

    def and_then(self, went: Sequence[Went]) -> tuple[int, list[str]]:
        lines = [f"{one.reference}: {one.why_not.removeprefix(one.reference).strip()}" for one in went if one.why_not]
        return self.done + sum(not one.why_not for one in went), [*self.refused, *lines]


class VersionPages(StaffView):
    """The pages below a flow's own."""

    @door("/<name>/versions", needs="flows")
    def versions(self, name: str) -> Response:
        published = versions_in_use.of_flow(g.actor, name)
        loaded = catalogue.current().flows.get(name)
        if loaded is None and not published:
            raise Refused(_("No such flow"))
        served = next((one.number for one, _ in published if loaded and one.content_hash == loaded.content_hash), None)
        return show(
            self,
            "flow_versions.html",
            name=name,
            title=_title(name, published[0][0].title if published else ""),
            published=published,
            served=served,
            has_file=loaded is not None and served is None,
            choices=_choices([one.number for one, _ in published], loaded is not None),
            runs=migration_runs.of_flow(g.actor, name),
        )

    @door("/<name>/versions/diff", needs="flows")
    def difference(self, name: str) -> Response:
        """What is another in two versions, and what it means for running ones; not said which: nothing is."""
        new = argument("b") or FILE
        old = argument("a") or new
        changes: list[Change] = difference(_target(name, old).definition, _target(name, new).definition)
        return show(
            self,
            "flow_diff.html",
            name=name,
            title=_title(name, name),
            before=_called(old),
            after=_called(new),
            to=new,
            parts=grouped(changes),
            many=len(changes),
        )

    @door("/<name>/versions/<to>/plan", needs="flows")
    def plan(self, name: str, to: str) -> Response:
        """What moving would come to, counted over all that run, and a page of them; `?after=` lists the next ones."""
        target, ref, at, now = _target(name, to), argument("ref"), _number(argument("after")), clock.now()
        judged = [*migrate.foresee(g.actor, target, now, ref=ref, most=MOST_COUNTED + 1)]
        counted, listed = judged[:MOST_COUNTED], [one for one in judged if one.id > at]
        if len(judged) > MOST_COUNTED and len(listed) <= A_PAGE:
            listed = [*migrate.foresee(g.actor, target, now, ref=ref, after=at, most=A_PAGE + 1)]
        seen = listed[:A_PAGE]
        whole = len(counted) if len(judged) <= MOST_COUNTED else migrate.count(g.actor, name, target.content_hash, now)
        return show(
            self,
            "flow_plan.html",
            name=name,
            title=_title(name, target.definition.title),
            to=to,
            target=target,
            called=_called(to),
            ref=ref,
            rows=sorted(seen, key=lambda one: (-_rank(one), one.id)),
            counted=len(counted),
            whole=whole,
            counts=migrate.verdicts(one.plan for one in counted),
            reasons=migrate.reasons(one.plan for one in counted),
            next_after=seen[-1].id if len(listed) > A_PAGE else None,
            is_first=not at,
            tags=TAGS,
            means=MEANS,
        )

    @door("/<name>/versions/<to>/move", needs="flows", methods=("POST",))
    def move(self, name: str, to: str) -> Response:
        """Asks once more, then moves the next of the chosen, or of all that are green (or yellow, if that was said)."""
        back = f"{self.path()}/{name}/versions/{to}/plan"
        which, part = request.form.get("which", ""), Part.sent()
        if which not in ("green", "yellow", "chosen"):
            return redirect(back, 303)
        if which == "chosen" and not part.refs:
            return self._nothing(back, _("Tick at least one request first."))
        target = _target(name, to)
        if to == FILE and request.form.get("hash") != target.content_hash:
            return self._nothing(back, _("The file has changed since the plan was shown. Look at the plan again."))
        if request.form.get("go") != "1":
            many = len(part.refs) if which == "chosen" else None
            return show(
                self,
                "flow_move.html",
                name=name,
                title=_title(name, target.definition.title),
                to=to,
                called=_called(to),
                target=target,
                which=which,
                part=part,
                many=many,
            )
        version_id = migrate.published(g.actor, catalogue.current().flows[name]) if to == FILE else _row(name, to).id
        run = request.form.get("run", "") or new_run()
        ids = ids_of(part.refs) if which == "chosen" else _others(name, target, part.at)
        now, rest = ids[:AT_ONCE], ids[AT_ONCE:]
        done, refused = part.and_then([*migrate.apply(g.actor, version_id, now, run, yellow=which != "green")])
        left = [ref for ref in part.refs if instance_id_from(ref) in rest]
        kept = {"which": which, "run": run, "go": "1", "at": str(now[-1] if now else 0), "refs": ",".join(left)}
        kept["hash"] = target.content_hash
        return self._told(
            _("Moved to %(version)s", version=_called(to)), back, done, refused, len(rest), kept, _("Move")
        )

    @door("/<name>/versions/undo", needs="flows", methods=("GET", "POST"))
    def undo(self, name: str) -> Response:
        """Takes a run back, the last that it moved first."""
        back, run, part = f"{self.path()}/{name}/versions", request.values.get("run", ""), Part.sent()
        found = migrate.of_run(g.actor, run, before=part.at or None, most=MOST + 1)
        if request.method != "POST" or request.form.get("go") != "1":
            if not found:
                return self._nothing(back, _("Nothing that moved with this run is left to take back."), 200)
            return show(self, "flow_undo.html", name=name, run=run, many=len(found), most=MOST)
        now, rest = found[:AT_ONCE], len(found) - AT_ONCE
        done, refused = part.and_then([*migrate.undo(g.actor, run, now)])
        kept = {"run": run, "go": "1", "at": str(now[-1] if now else 0)}
        return self._told(_("Taken back"), back, done, refused, max(rest, 0), kept, _("Take back"))

    def _nothing(self, back: str, words: str, status: int = 422) -> Response:
        return show(self, "bulk.html", status, title=_("Nothing was changed"), problem=words, back=back)

    def _told(
        self, words: str, back: str, done: int, refused: list[str], rest: int, kept: dict[str, str], button: str
    ) -> Response:
        """How it went, with a button for the rest; nothing more to say is said in the list."""
        if not rest and not refused:
            return go_on(back, f"{words}: {counted(done)}.")
        return show(
            self,
            "bulk.html",
            title=f"{words}: {counted(done)}",
            back=back,
            refused=[line.partition(": ")[::2] for line in refused],
            kept=[*kept.items(), ("changed", str(done)), *(("refused", line) for line in refused)],
            done=done + len(refused),
            rest=rest,
            button=button,
        )


def _title(name: str, kept: str) -> str:
    """What a flow is called in the language of whoever reads; the `kept` words of one that is not served any more."""
    loaded = catalogue.current().flows.get(name)
    return versions.flow_shown(loaded).definition.title if loaded is not None else kept


def _rank(one: Foreseen) -> int:
    return [*MEANS].index(one.plan.verdict)


def _number(given: str) -> int:
    """What a person or a page before wrote as a number; 0 for what is none."""
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


def _others(name: str, target: Target, after: int) -> Sequence[int]:
    """The next that are not on that version; more than a part of them says that there is a part to come."""
    return migrate.to_move(g.actor, name, target.content_hash, clock.now(), after=after, most=MOST + 1)


def _choices(numbers: Sequence[int], has_file: bool) -> dict[str, str]:
    return {**({FILE: _called(FILE)} if has_file else {}), **{str(one): _called(str(one)) for one in numbers}}


def _called(meant: str) -> str:
    return _("what the file says") if meant == FILE else _("version %(number)s", number=meant)


def _row(name: str, meant: str) -> FlowVersion:
    found = versions_in_use.numbered(g.actor, name, _number(meant))
    if found is None:
        raise Refused(_("No such version"))
    return found


def _target(name: str, meant: str) -> Target:
    return Target.of_file(loaded_flow(name)) if meant == FILE else Target.of_version(_row(name, meant))
