"""How long it takes to move 1,000 running instances to another version of their flow, and back.

`python -m tests.bench.changing [postgres]` prints both, and the plan for all of them; the flow gets a renamed step, a
renamed question, a new step and another timer, and every second instance is in the middle of it.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from flows import access, catalogue
from flows.actions import beginning, submitting
from flows.actions.beginning import Wish
from flows.actions.migrating import new_run
from flows.authoring import migrate
from flows.authoring.migrate import Target
from flows.catalogue.loader import load_packages
from flows.clock import clock
from flows.db import db
from flows.models import Base
from flows.queries import invariants
from flows.rules.actors import SYSTEM
from flows.settings import Settings
from flows.work import end_reading, unit_of_work
from tests.bench.lists import database_url
from tests.changing.conftest import V1, changed
from tests.changing.test_migrating import NEW_STEP, RENAMED
from tests.guided.conftest import IDENTITY, SHIPPED
from tests.world import World, build_world
from wsgi import create_app

MANY = 1_000


def serve(folder: Path, *changes: tuple[str, str]) -> None:
    (folder / "move-in.flow.yaml").write_text(changed(V1, *changes))
    catalogue.use(load_packages(SHIPPED, [folder]))


def begin(world: World) -> None:
    for n in range(MANY):
        with unit_of_work(world.agent) as work:
            instance = beginning.start_by_staff(work, "move-in", "usr_priya", Wish(inputs={"rent": 100_000}))
            work.session.flush()
            reference = instance.reference
        if n % 2:
            with unit_of_work(world.tenant) as work:
                instance = access.instance_to_change(work, reference)
                submitting.submit(work, instance, access.step_of(instance, "identity"), IDENTITY)


def timed(what: str, act: Callable[[], object]) -> None:
    began = time.perf_counter()
    found = act()
    sys.stdout.write(f"{what:32} {time.perf_counter() - began:6.1f} s   {found}\n")


def measure(folder: str) -> None:
    settings = Settings.from_env({}, mode="test", data=folder, database_url=database_url(folder))
    app = create_app(settings, parts=("messaging",))
    with app.app_context():
        Base.metadata.create_all(db.engine)
        world = build_world()
        serve(Path(folder))
        timed(f"{MANY} begun", lambda: begin(world))
        serve(Path(folder), *RENAMED, *NEW_STEP, ("before_due: [3wd, 1wd]", "before_due: [2wd]"))
        loaded = catalogue.current().flows["move-in"]
        version, run = migrate.published(SYSTEM, loaded), new_run()
        seen: list[migrate.Foreseen] = []
        timed("planned", lambda: seen.extend(migrate.foresee(SYSTEM, Target.of_file(loaded), clock.now())))
        sys.stdout.write(f"{migrate.verdicts(one.plan for one in seen)}\n")
        ids = migrate.to_move(SYSTEM, "move-in", loaded.content_hash, clock.now())
        timed("moved", lambda: sum(not one.why_not for one in migrate.apply(SYSTEM, version, ids, run, yellow=True)))
        timed(
            "taken back", lambda: sum(not one.why_not for one in migrate.undo(SYSTEM, run, migrate.of_run(SYSTEM, run)))
        )
        sys.stdout.write(f"broken: {invariants.broken_rows(access.read_as(SYSTEM))}\n")
        end_reading()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        measure(place)
