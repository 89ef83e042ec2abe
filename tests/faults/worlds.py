"""Archives that a test may kill, restore and run on: made once for the session, then copied, each with its own database and node."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any, Protocol

import psycopg
from psycopg import sql

from sogoc.adapters import node_anvil
from sogoc.core import entry, evidence, tiles
from sogoc.core.note import VerifierKey
from sogoc.core.report import Report
from sogoc.core.trust import Policy
from sogoc.core.verify import verify_bytes
from sogoc.ports import Chain
from sogoc.services import checking, observing
from sogoc.wiring import Home, observing_chain, utc_now
from tests import postgres
from tests.faults.child import ORIGIN, ROWS
from tests.faults.signatures import Signatures

REPOSITORY = Path(__file__).parents[2]
FIRST_HEADS = 2
"""How many heads an archive begins with, both anchored."""


# -- databases ------------------------------------------------------------------------------------------------------------


class Database(Protocol):
    """What a test does to a whole database. No process may be using it."""

    @property
    def environment(self) -> dict[str, str]: ...
    def copy(self, folder: Path) -> Database:
        """The database of the copy of an archive in `folder`, or a backup kept there."""

    def restore(self, backup: Database) -> None: ...
    def ask(self, statement: str) -> list[tuple[Any, ...]]: ...


class SqliteDatabase:
    """The file in an archive's folder, with its log of what is not in it yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment: dict[str, str] = {}

    def copy(self, folder: Path) -> SqliteDatabase:
        made = SqliteDatabase(folder)
        folder.mkdir(exist_ok=True)
        made.restore(self)
        return made

    def restore(self, backup: Database) -> None:
        assert isinstance(backup, SqliteDatabase)
        for ending in ("", "-wal", "-shm"):
            (self.folder / f"register.sqlite3{ending}").unlink(missing_ok=True)
            kept = backup.folder / f"register.sqlite3{ending}"
            if kept.exists():
                shutil.copyfile(kept, self.folder / kept.name)

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        import sqlite3

        with closing(sqlite3.connect(self.folder / "register.sqlite3")) as connection:
            return connection.execute(statement).fetchall()


class PostgresDatabase:
    """A database of the tests' own cluster. Copies are made by its own `CREATE DATABASE … TEMPLATE`."""

    _numbers = count(1)

    def __init__(self, cluster: postgres.Cluster) -> None:
        self.cluster = cluster
        self.name = f"fault_{next(self._numbers)}"
        self.environment = {"SOGOC_DATABASE": cluster.url(self.name)}

    def create(self) -> PostgresDatabase:
        self.cluster.create(self.name)
        return self

    def copy(self, folder: Path) -> PostgresDatabase:
        made = PostgresDatabase(self.cluster)
        self._administer(("CREATE DATABASE {} TEMPLATE {}", (made.name, self.name)), busy=self.name)
        return made

    def restore(self, backup: Database) -> None:
        assert isinstance(backup, PostgresDatabase)
        self._administer(
            ("DROP DATABASE {} WITH (FORCE)", (self.name,)),
            ("CREATE DATABASE {} TEMPLATE {}", (self.name, backup.name)),
            busy=backup.name,
        )

    def drop(self) -> None:
        self._administer(("DROP DATABASE {} WITH (FORCE)", (self.name,)), busy=self.name)

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.cluster.url(self.name)) as connection:
            return connection.execute(statement.encode()).fetchall()

    def _administer(self, *statements: tuple[str, tuple[str, ...]], busy: str) -> None:
        with psycopg.connect(self.cluster.url(), autocommit=True) as connection:
            # The server may not have noticed yet that the process it served was killed.
            connection.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s", [busy]
            )
            for statement, names in statements:
                connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


# -- archives -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finished:
    """A process that ended."""

    code: int
    out: str
    error: str

    @property
    def said(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.out)
        return value


class Nursery:
    """A process that bears the children of this session: forked and not begun anew, so that each costs little."""

    def __init__(self) -> None:
        self._nurse = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.child", "nurse"],
            cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def bear(self, *words: str, environment: Mapping[str, str], folder: Path) -> Finished:
        """Run a child to its end, whichever it is; what it says is kept in `folder` meanwhile."""
        out, error = folder / "child.out", folder / "child.error"
        call = {"words": words, "environment": dict(environment), "out": str(out), "error": str(error)}
        stdin, stdout = self._nurse.stdin, self._nurse.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(call) + "\n")
        stdin.flush()
        code = stdout.readline()
        assert code, "the nurse died"
        return Finished(int(code), out.read_text(), error.read_text())

    def close(self) -> None:
        self._nurse.communicate()


@dataclass
class World:
    """One archive: the folder of its home, its database, and everything it ever signed."""

    folder: Path
    database: Database
    nursery: Nursery
    signatures: Signatures | None = None
    stages: count[int] = field(default_factory=lambda: count(1))

    @cached_property
    def home(self) -> Home:
        return Home(self.folder)

    @cached_property
    def batches(self) -> list[str]:
        """The public ids: the first is issued, the others wait for approval."""
        ids: list[str] = json.loads((self.folder / "batches.json").read_text())
        return ids

    # -- processes --------------------------------------------------------------------------------------------------

    def child(self, *words: str, failpoint: str | None = None) -> Finished:
        """Run a process of this archive to its end, whichever it is, and take down what it signed."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SOGOC_")}
        environment |= {"SOGOC_HOME": str(self.folder), "SOGOC_PASSWORD": "duyet", "SOGOC_PREPARER_PASSWORD": "lap"}
        environment |= self.database.environment
        if failpoint is not None:
            environment["SOGOC_FAILPOINT"] = failpoint
        done = self.nursery.bear(*words, environment=environment, folder=self.folder.parent)
        self.gather(" ".join(words))
        return done

    def run(self, *words: str, verb: str = "cli") -> Finished:
        """Run a command that has to succeed."""
        done = self.child(verb, *words)
        assert done.code == 0, done.out + done.error
        return done

    def dies(self, failpoint: str, *words: str, verb: str = "cli") -> None:
        """Run a command that has to get as far as this crash point, and die there."""
        done = self.child(verb, *words, failpoint=failpoint)
        assert done.code == -signal.SIGKILL, f"{failpoint} was not reached: {done.out}{done.error}"

    def refused(self, *words: str) -> dict[str, Any]:
        """Run a command that has to be refused, and return the reason."""
        done = self.child("cli", *words, "--json")
        assert done.code == 1, done.out + done.error
        return done.said

    def approve(self, batch: str) -> None:
        self.run("approve", batch, "--by", "duyet")

    # -- what it signed -----------------------------------------------------------------------------------------------

    def gather(self, stage: str) -> None:
        """Take down every head that is signed, decided or kept anywhere in this archive now."""
        if self.signatures is None:
            return
        stage = f"{next(self.stages)} {stage}"
        self.signatures.read_files(self.folder, stage)
        self.signatures.read_lock(self.folder / "lock" / "lock.sqlite3", stage)
        for size, root, note in self.database.ask("SELECT size, root, note FROM register_checkpoint"):
            if note is not None:
                assert self.signatures.read(note.encode(), f"{stage}: database") == 1
                self.signatures.say(size, bytes(root), f"{stage}: database")
        if node_anvil.attach(self.folder / "chain") is not None:
            for event in self.events():
                self.signatures.say(event.size, event.root, f"{stage}: chain")

    def forget(self) -> None:
        """Begin to take down signatures, with what there is."""
        self.signatures = Signatures(origin=ORIGIN, vkey=self.home.log.signer.vkeys[0])
        self.gather("begin")

    # -- the chain ------------------------------------------------------------------------------------------------------

    def start_node(self) -> node_anvil.Node:
        return node_anvil.start(self.folder / "chain")

    def mine(self, blocks: int = 2) -> None:
        node = node_anvil.attach(self.folder / "chain")
        assert node is not None
        node.mine(blocks)

    def events(self) -> list[Any]:
        return self.watched().events()

    def watched(self) -> Chain:
        """The chain as anybody may look at it, wherever the node listens now."""
        return observing_chain(self.home.policy().chains[0], ORIGIN)

    def anchor(self) -> None:
        """Anchor the newest head for good, with the commands."""
        self.run("anchor", "--wait", "0")
        self.mine()
        self.run("anchor", "--wait", "10")

    # -- what strangers see ---------------------------------------------------------------------------------------------

    @cached_property
    def policy(self) -> Policy:
        """What a verifier pins who has seen nothing yet; the node's address is not in it."""
        home = self.home
        return Policy(
            origin=ORIGIN, trial=True, ministry=(home.ministry.jwk,),
            log=(tuple(VerifierKey.parse(key) for key in home.log.signer.vkeys),),
        )  # fmt: skip

    def observed(self, before: Policy | None = None) -> Policy:
        """The policy of a verifier that looks at chain and log now, after what it saw `before`. The chain must still hold that."""
        seen = observing.observe(before or self.policy, [self.watched()], now=utc_now())
        return observing.remember_state(seen, self.home.log.public)

    def fsck(self, *, chain: bool = True) -> checking.Audit:
        policy = self.policy
        return checking.fsck(
            self.home.log.public, vkeys=policy.log, origin=ORIGIN, ministry=policy.ministry,
            anchors=self.events() if chain else (),
        )  # fmt: skip

    def evidence(self, *, anchored: bool = False) -> dict[str, bytes]:
        """Evidence of one diploma of each batch by the batch's id, as the counter hands it out now, and `fresh`.

        With `anchored` the newest head is anchored first.
        """
        folder = self.folder / "evidence"
        shutil.rmtree(folder)
        self.run(str(folder), verb="anchor-and-hand-out" if anchored else "evidence")
        return self.kept_evidence()

    def kept_evidence(self) -> dict[str, bytes]:
        return {file.stem: file.read_bytes() for file in sorted((self.folder / "evidence").iterdir())}

    def verify(self, presented: bytes, policy: Policy, fresh: bytes | None = None) -> Report:
        renewed = evidence.parse_fresh(fresh) if fresh is not None else None
        return verify_bytes(presented, policy, utc_now(), fresh=renewed)

    def entries(self) -> list[bytes]:
        """The whole published log."""
        public = self.home.log.public
        size = self.shown()[0]
        return list(tiles.entries(public.get, 0, size))

    def shown(self) -> tuple[int, bytes]:
        """Size and root of the published checkpoint."""
        from sogoc.services.published import parse_head

        content = self.home.log.public.get("checkpoint")
        assert content is not None
        head = parse_head(content)[1]
        return head.size, head.root

    # -- what must be true ------------------------------------------------------------------------------------------------

    def assert_sane(self, *allowed: str) -> None:
        """At any time, also right after a crash: what is public is right, and no size was signed twice."""
        assert {fault.code for fault in self.fsck().faults} <= set(allowed)
        assert self.signatures is not None
        assert self.signatures.forks() == []
        assert (ahead := self.home.log.lock.head(ORIGIN)) is not None
        assert self.shown()[0] <= ahead[0], "shown before it was decided"

    def assert_whole(self, issued: Sequence[str], *, lost: Sequence[str] = ()) -> None:
        """At rest: these batches are issued, each row once and none of it forgotten; nothing else is.

        The rows of `lost` batches are in the log and in no register any more.
        """
        audit = self.fsck()
        assert [fault.en for fault in audit.faults] == []
        assert audit.notes == ()
        entries = self.entries()
        assert self.signatures is not None
        assert self.signatures.faults(entries) == []
        newest = self.database.ask("SELECT size, root FROM register_checkpoint ORDER BY size DESC")[0]
        assert self.shown() == self.home.log.lock.head(ORIGIN) == (newest[0], bytes(newest[1]))
        assert self.database.ask("SELECT size FROM register_checkpoint WHERE NOT published") == []
        assert self.home.log.staging.list("") == []
        self._assert_rows(entries, issued, lost)
        sizes = Counter(event.size for event in self.events())
        assert set(sizes.values()) <= {1}

    def _assert_rows(self, entries: list[bytes], issued: Sequence[str], lost: Sequence[str]) -> None:
        parsed = [entry.parse(content) for content in entries]
        assert Counter(one.id for one in parsed if isinstance(one, entry.Batch)) == Counter([*issued, *lost])
        logged = [one.commitment for one in parsed if isinstance(one, entry.Issue)]
        assert len(logged) == len(set(logged)) == ROWS * (len(issued) + len(lost))
        rows = self.database.ask(
            'SELECT b.public_id, s.commitment, r.serial_number, e."index", e.content FROM register_row r'
            " JOIN register_batch b ON b.id = r.batch_id LEFT JOIN register_seal s ON s.row_id = r.id"
            " LEFT JOIN register_entry e ON e.row_id = r.id"
        )
        own = [row for row in rows if row[0] in issued]
        assert Counter(row[0] for row in own) == dict.fromkeys(issued, ROWS)
        assert {row[0] for row in rows if row[3] is not None} == set(issued)
        assert len({row[2] for row in own}) == len(own), "a serial number twice"
        assert sorted(row[3] for row in own) == sorted({row[3] for row in own}), "one entry for two rows"
        for _, commitment, _, index, content in own:
            leaf = parsed[index]
            assert isinstance(leaf, entry.Issue)
            assert leaf.commitment == bytes(commitment)
            assert entries[index] == bytes(content)
        states = dict(self.database.ask("SELECT public_id, state FROM register_batch"))
        assert {one for one, state in states.items() if state == "sealed"} == set(issued)
        assert {one for one, state in states.items() if state == "lost"} == set(lost)
        assert self.database.ask('SELECT id FROM register_entry WHERE "index" IS NULL') == []

    def assert_verifies(self, issued: Sequence[str], before: Policy, old: dict[str, bytes]) -> Policy:
        """Anchor; then diplomas of these batches, and `old` evidence with a renewed half, are valid for one who saw `before`."""
        handed_out = self.evidence(anchored=True)
        policy = self.observed(before)
        fresh = handed_out.pop("fresh")
        assert set(handed_out) == set(issued)
        for name, presented in [*handed_out.items(), *((name, one) for name, one in old.items() if name != "fresh")]:
            report = self.verify(presented, policy, fresh)
            assert report.exit_code == 0, (name, report)
            assert str(report.verdict) == "valid", (name, report)
        return policy
