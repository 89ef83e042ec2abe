"""What the tests of crashes start as a process of its own, because it is to die: the command line, and a few things it has no
command for. `python -m tests.faults.child cli approve ID --by duyet`

Batches are sealed in sets of five rows, so that there is a second set to die in.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import secrets
import signal
import sys
import time
import traceback
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn
from unittest.mock import patch

from sogoc import wiring
from sogoc.adapters import protected_pem
from sogoc.core.authority import Name, Power, SignerTerm
from sogoc.core.intake import Intake, IntakeRow
from sogoc.core.possession import KeyRequest
from sogoc.core.record import BY_KIND
from sogoc.errors import SogocError
from tests import archive

CODE = "DHSG01"
ORIGIN = "trial.sogoc.example/2026-faults"
ROWS = 12
SUBMITTED = 5
SET = 5


def opened() -> wiring.Home:
    home = wiring.Home(Path(os.environ["SOGOC_HOME"]))
    wiring.setup_django(home.folder)
    _hurry()
    return home


def _hurry() -> None:
    """Hash passwords the fast way: how slow the right way is, is not what these tests are about."""
    from django.conf import settings

    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


# -- an archive to begin with -------------------------------------------------------------------------------------------


def build() -> None:
    """Found an archive: one institution, one batch issued, one diploma of it suspended, both heads anchored for good, and
    batches that wait for approval. The public files lie in `public` beside the archive.
    """
    folder = Path(os.environ["SOGOC_HOME"])
    with patch.object(protected_pem, "_COST", 2):  # read a hundred times, and worth nothing to a thief
        home = wiring.make_home(folder, origin=ORIGIN, trial=True, public=folder / "public")
        home.make_key(CODE)
        wiring.deploy_embedded(home)
    _ask_for_confirmations(folder / "archive.json")
    home = opened()
    wiring.migrate()
    from sogoc.adapters import node_anvil
    from sogoc.services import batches

    _found(home)
    approver = _person("duyet")
    first = _submitted(home, 1)
    batches.approve(batch=first, by=approver, now=now())
    _advance(home)
    _anchor(home)
    act = ("--institution", CODE, "--serial", "SG000100", "--decision", "9/QĐ", "--on", "2026-07-20", "--by", "duyet")
    if cli("suspend", *act) != 0:
        raise SystemExit("the suspension was refused")
    _anchor(home)
    ids = [first.public_id, *(_submitted(home, number).public_id for number in range(2, 2 + SUBMITTED))]
    (folder / "batches.json").write_text(json.dumps(ids))
    evidence(folder / "evidence")
    node = node_anvil.attach(home.folder / "chain")
    assert node is not None
    node.wait_until_saved(str(home.settings.contract))
    node_anvil.stop(home.folder / "chain")


def _ask_for_confirmations(settings: Path) -> None:
    """Believe an anchor only under two more blocks, as on a chain of many miners: there is a time when it waits."""
    value = json.loads(settings.read_text()) | {"finality": {"rule": "confirmations", "blocks": 2}}
    settings.write_text(json.dumps(value))


def _found(home: wiring.Home) -> None:
    from sogoc.register import queries
    from sogoc.services import accrediting, blanks, founding

    officer = founding.found(log=home.log, places_key=secrets.token_bytes(32), officer="bo", password="bo", now=now())
    second = founding.enrol(
        username="bo-hai", password="bo-hai", institution=None, role="officer", by=officer, now=now()
    )
    uri = f"file:{CODE}.pem"
    key = home.keyring(uri)
    accrediting.accredit(
        log=home.log, ministry=home.ministry, code=CODE, category="university",
        names=[Name(vi="Trường Đại học Sông Gốc", en="A University", valid_from="2000-01-01")], identifiers={},
        request=KeyRequest(code=CODE, jwk=key.jwk, holder="Văn phòng", uri=uri, certificate=b"").signed(
            key.sign, origin=home.log.origin
        ),
        powers=[
            Power(
                kind="degree", level="bachelor", programme="7480201", mode="full-time", valid_from="2015-01-01",
                legal_basis="QĐ 11/QĐ-BGDĐT", name="Công nghệ thông tin",
            )
        ],
        signers=[SignerTerm(name="Lò Thị Mẫu", title="Hiệu trưởng", valid_from="2020-01-01")], by=officer,
        confirmed_by=second, now=now(),
    )  # fmt: skip
    for name, role in (("lap", "preparer"), ("duyet", "approver")):
        founding.enrol(
            username=name, password=name, institution=queries.institution(CODE), role=role, by=officer, now=now()
        )
    blanks.receive(
        institution=queries.institution(CODE), kind="degree", run=blanks.SerialRun.read("SG000001", "SG099999"),
        on="2026-07-01", by=_person("lap"), now=now(),
    )  # fmt: skip


@cache
def _person(name: str) -> Any:
    from sogoc.services import access

    return access.authenticate(name, name)


def _submitted(home: wiring.Home, number: int) -> Any:
    from sogoc.register import queries
    from sogoc.services import batches

    today = now().date().isoformat()
    decision = batches.Decision(number=f"{number}/QĐ", decided_on=today, total=ROWS, awarded_on=today)
    said = {"decision_number": decision.number, "decided_on": today, "awarded_on": today, "register_number": None}
    records = [archive.record(100 * number + one, **said) for one in range(ROWS)]
    rows = tuple(
        IntakeRow(sheet="", row=place, record={name: value for name, value in one.items() if name != "identifier"})
        for place, one in enumerate(records, 2)
    )
    identifiers = iter([uuid.UUID(one["identifier"]) for one in records])
    content = f"file {number}".encode()
    batch = batches.open_batch(
        institution=queries.institution(CODE), schema=BY_KIND["degree"], level="bachelor", decision=decision,
        intake=Intake(file="made", rows=rows, problems=(), changes=(), ignored=(), skipped=(), read=ROWS, faulty=0),
        source=batches.Source(name="made", sha256=sha256(content).digest(), encrypted=home.box.encrypt(content)),
        key=str(number), public_id=batches.new_id(secrets.token_bytes), tally_salt=secrets.token_bytes(16),
        identifiers=lambda: next(identifiers), by=_person("lap"), now=now(), allot_numbers=True,
    )  # fmt: skip
    return batches.submit(batch=batch, by=_person("lap"), now=now())


def _advance(home: wiring.Home) -> None:
    from sogoc.services import issuing

    _, problems = issuing.advance(home.log, keyring=home.keyring, randomness=secrets.token_bytes, now=now())
    if problems:
        raise problems[0]


def _anchor(home: wiring.Home) -> None:
    from sogoc.adapters import node_anvil
    from sogoc.services import anchoring

    node = node_anvil.attach(home.folder / "chain")
    chain = home.chain()
    one = anchoring.anchor(chain, now=now())
    assert node is not None
    assert one is not None
    deadline = time.monotonic() + 20

    def pause() -> bool:
        node.mine(1)
        time.sleep(0.02)
        return time.monotonic() < deadline

    anchoring.wait(chain, one, pause=pause, now=now())


# -- what there is no command for -----------------------------------------------------------------------------------------


def approve_alone(public_id: str) -> None:
    """Approve a batch and stop there, as a web page does that leaves the rest to the timer."""
    opened()
    from sogoc.register import queries
    from sogoc.services import batches

    batches.approve(batch=queries.batch(public_id), by=_person("duyet"), now=now())


def evidence(folder: Path) -> None:
    """Write the evidence of the last row of every batch that is public, and the fresh half of the whole country."""
    home = opened()
    from sogoc.register.models import Row
    from sogoc.services.delivery import Counter

    folder.mkdir(exist_ok=True)
    counter = Counter(home.log)
    whole = Row.objects.filter(entry__index__isnull=False, batch__state="sealed", position=ROWS - 1)
    for row in whole.select_related("batch__entry", "entry", "institution"):
        (folder / f"{row.batch.public_id}.json").write_bytes(counter.evidence(row).encode())
    (folder / "fresh").write_bytes(counter.pack().encode())


def anchor_and_hand_out(folder: Path) -> None:
    """Anchor the newest head for good, and write evidence: what would be three commands and some waiting."""
    _anchor(opened())
    evidence(folder)


def anchor_later() -> None:
    """Anchor as the run of two minutes later would."""
    home = opened()
    from sogoc.services import anchoring

    anchoring.anchor(home.chain(), now=now() + timedelta(minutes=2))


def cli(*arguments: str) -> int:
    from sogoc.cli import app

    with patch.object(sys, "argv", ["sogoc", *arguments]):
        return app.main()


def careless(*arguments: str) -> int:
    """The control: the same command line with a sequencer that signs before it swaps, and a signer that does not ask."""
    opened()
    from sogoc.adapters.log_keys_file import LogKeys
    from sogoc.core import checkpoint
    from sogoc.core.checkpoint import Checkpoint
    from sogoc.failpoint import reach
    from sogoc.services import sequencing

    decide = sequencing._decide

    def sign_at_once(self: Any, origin: str, size: int, root: bytes, timestamp: int) -> str:
        return checkpoint.sign(
            Checkpoint(origin=origin, size=size, root=root),
            ed25519=self._ed25519, ml_dsa=self._ml_dsa, timestamp=timestamp,
        )  # fmt: skip

    def sign_and_decide(log: Any, before: Any, head: Any) -> None:
        head.note = log.signer.sign(log.origin, head.size, bytes(head.root), int(now().timestamp()))
        head.save(update_fields=["note"])
        reach("sequence.signed")
        decide(log, before, head)

    with patch.object(LogKeys, "sign", sign_at_once), patch.object(sequencing, "_decide", sign_and_decide):
        return cli(*arguments)


def main(verb: str, *arguments: str) -> int:
    verbs: dict[str, Callable[..., Any]] = {
        "build": build,
        "cli": cli,
        "careless": careless,
        "approve-alone": approve_alone,
        "anchor-later": anchor_later,
        "evidence": lambda folder: evidence(Path(folder)),
        "crowd": lambda folder, *numbers: crowd(Path(folder), *map(int, numbers)),
        "anchor-and-hand-out": lambda folder: anchor_and_hand_out(Path(folder)),
    }
    if verb in {"cli", "careless"}:
        opened()
        from sogoc.services import recalling, sealing

        sealing._SHARD = recalling._CHUNK = SET
    try:
        return int(verbs[verb](*arguments) or 0)
    except SogocError as error:
        sys.stderr.write(f"{error.code}: {error}\n")
        return 1


# -- a crowd ----------------------------------------------------------------------------------------------------------------


def crowd(folder: Path, clerks: int, rounds: int, seed: int) -> None:
    """Let so many processes allot numbers and approve at once, and kill a third of them at some moment.

    Each writes what it did, one line at a time, into a file of its own in `folder`: what surfaced to its user is the second word.
    """
    opened()
    from django.db import connections

    from sogoc.register.models import Batch  # noqa: F401 - before the fork, and the connections after it
    from sogoc.services import access, batches  # noqa: F401

    _person("lap")
    _person("duyet")
    connections.close_all()
    folder.mkdir(exist_ok=True)
    chance = random.Random(seed)
    children = []
    for number in range(clerks):
        pid = os.fork()
        if pid == 0:
            _clerk(folder / f"{number}", number, rounds)
        children.append(pid)
    for pid in chance.sample(children, clerks // 3):
        time.sleep(chance.uniform(0, 0.4))
        os.kill(pid, signal.SIGKILL)
    for pid in children:
        os.waitpid(pid, 0)


def _clerk(out: Path, number: int, rounds: int) -> NoReturn:
    from sogoc.services import batches

    with out.open("w", buffering=1) as said:
        for round_ in range(rounds):
            name = f"{number}-{round_}"
            try:
                batch = _opened_by_archive(name)
                if round_ % 3 == 2:
                    batches.discard(batch=batch, by=_person("lap"), now=now(), reason="nhập nhầm")
                    said.write("discarded\n")
                    continue
                batches.submit(batch=batch, by=_person("lap"), now=now())
                try:
                    batches.approve(batch=batch, by=_person("lap"), now=now())
                    said.write("approved-by-preparer\n")
                except SogocError:
                    batches.approve(batch=batch, by=_person("duyet"), now=now())
                    said.write("approved\n")
            except BaseException as error:  # noqa: BLE001 - all that a user would have seen
                said.write(f"surfaced {type(error).__name__}: {error}\n")
    os._exit(0)


def _opened_by_archive(name: str) -> Any:
    """A draft of three rows whose numbers and serials the archive gives."""
    from sogoc.register import queries
    from sogoc.services import batches

    today = now().date().isoformat()
    decision = batches.Decision(number=f"{name}/QĐ", decided_on=today, total=3, awarded_on=today)
    said = {
        "decision_number": decision.number, "decided_on": today, "awarded_on": today, "register_number": None,
        "serial_number": None, "identifier": None,
    }  # fmt: skip
    rows = tuple(IntakeRow(sheet="", row=place, record=archive.record(place, **said)) for place in range(2, 5))
    return batches.open_batch(
        institution=queries.institution(CODE), schema=BY_KIND["degree"], level="bachelor", decision=decision,
        intake=Intake(file="made", rows=rows, problems=(), changes=(), ignored=(), skipped=(), read=3, faulty=0),
        source=batches.Source(name=name, sha256=sha256(name.encode()).digest(), encrypted=b"sealed"),
        key=name, public_id=batches.new_id(secrets.token_bytes), tally_salt=secrets.token_bytes(16),
        identifiers=lambda: uuid.UUID(bytes=secrets.token_bytes(16), version=4), by=_person("lap"), now=now(),
        allot_numbers=True, allot_serials=True,
    )  # fmt: skip


# -- many children, quickly -----------------------------------------------------------------------------------------------

HEAVY = (
    "django.contrib.auth.hashers",
    "django.db.models",
    "sogoc.adapters.chain_evm",
    "sogoc.cli.app",
    "sogoc.core.evidence",
)
READ_LATE = ("sogoc.failpoint", "sogoc.server.settings")
"""What reads the environment when it is loaded, and so has to be loaded by each child itself."""


def nurse() -> None:
    """Load what takes long once, then fork a child for every line on standard input, and answer with its exit code.

    A line is JSON: `words`, `environment`, and the files `out` and `error`. The code of a killed child is negative.
    """
    for module in HEAVY:
        importlib.import_module(module)
    if loaded := [module for module in READ_LATE if module in sys.modules]:
        raise AssertionError(f"loaded too early: {loaded}")
    for line in sys.stdin:
        sys.stdout.flush()
        pid = os.fork()
        if pid == 0:
            _be_born(**json.loads(line))
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _be_born(words: list[str], environment: dict[str, str], out: str, error: str) -> NoReturn:
    code = 70
    try:
        os.environ.clear()
        os.environ.update(environment)
        for stream, path in ((1, out), (2, error)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        code = main(*words)
    except BaseException:  # noqa: BLE001 - the last that this process says
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    if sys.argv[1:] == ["nurse"]:
        nurse()
    else:
        sys.exit(main(*sys.argv[1:]))
