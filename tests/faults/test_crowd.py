"""Twenty processes allot numbers and approve at once, some are killed at any moment: no number twice, none left out."""

from __future__ import annotations

from pathlib import Path

from tests.faults.worlds import World

CLERKS = 20
ROUNDS = 4


def test_twenty_processes_number_and_approve_at_once(world: World, tmp_path: Path) -> None:
    said = tmp_path / "said"
    world.run(str(said), str(CLERKS), str(ROUNDS), "7", verb="crowd")
    lines = [line for path in said.iterdir() for line in path.read_text().splitlines()]
    assert {line for line in lines if line not in {"approved", "discarded"}} == set()
    assert CLERKS < len(lines) < CLERKS * ROUNDS  # some were killed, most of the crowd lived on
    assert {"approved", "discarded"} <= set(lines)
    ask = world.database.ask
    assert ask("SELECT count(*) FROM register_batch WHERE approved_by_id = prepared_by_id") == [(0,)]
    numbers = [
        one for (one,) in ask("SELECT number FROM register_row UNION ALL SELECT number FROM register_voidnumber")
    ]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    serials = ask("SELECT count(*), count(DISTINCT serial_value) FROM register_row")
    assert serials[0][0] == serials[0][1]
    halves = ask(
        "SELECT count(*) FROM register_batch b"
        " WHERE b.count <> (SELECT count(*) FROM register_row r WHERE r.batch_id = b.id)"
    )
    assert halves == [(0,)]
    world.run("publish")
