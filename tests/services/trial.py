"""A whole archive on the database of the test: two institutions, five people, keys and files in memory.

Everything is done by the services, as a command or a page would do it; secrets are counted instead of drawn, so a test that
fails once fails again. `audit` is the independent reader of what was published.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from itertools import count
from typing import Any, TypeVar, cast
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from django.contrib.auth.models import User
from django.db import connections

from sogoc.adapters.kept_tables import read_kept
from sogoc.adapters.log_keys_file import LogKeys
from sogoc.adapters.memory import MemoryFiles, MemoryKey, MemoryLock, MemoryLogKeys
from sogoc.core.anchor import Observation
from sogoc.core.authority import Name, Power, SignerTerm
from sogoc.core.canonical import b64
from sogoc.core.clocks import day
from sogoc.core.intake import Intake, IntakeRow
from sogoc.core.note import VerifierKey
from sogoc.core.possession import KeyRequest
from sogoc.core.record import BY_KIND
from sogoc.core.report import Report, Verdict
from sogoc.core.trust import Policy
from sogoc.core.verify import verify_bytes
from sogoc.errors import SogocError
from sogoc.ports import FileStore, IssuerSigner, LockStore, Log
from sogoc.register import queries
from sogoc.register.models import Batch, Checkpoint, Entry, Institution, Row
from sogoc.register.records import newest_page
from sogoc.services import (
    accrediting,
    acting,
    amending,
    batches,
    blanks,
    founding,
    issuing,
    numbering,
    recalling,
    reissuing,
    sealing,
    workbench,
)  # fmt: skip
from sogoc.services.checking import Audit, fsck
from sogoc.services.delivery import Counter
from tests import archive

ORIGIN = "trial.sogoc.example/2026-services"
CONTRACT = "0x" + "cd" * 20
START = datetime(2026, 7, 16, 2, tzinfo=UTC)
OURS, THEIRS = "DHSG01", "DHTC02"
NAMES = {OURS: "Trường Đại học Sông Gốc", THEIRS: "Trường Đại học Thạch Cầu"}

IT = Power(
    kind="degree", level="bachelor", programme="7480201", mode="full-time", valid_from="2020-01-01",
    legal_basis="QĐ 11/QĐ-TEST", name="Công nghệ thông tin",
)  # fmt: skip
LAW = Power(
    kind="degree", level="bachelor", programme="7380101", mode="*", valid_from="2020-01-01", valid_to="2026-07-31",
    legal_basis="QĐ 12/QĐ-TEST",
)  # fmt: skip
DECISION = batches.Decision(number="412/QĐ-ĐHSG", decided_on="2026-06-30", total=1000, awarded_on="2026-07-15")


class SteadyKey(MemoryKey):
    """A key whose signatures follow from what is signed, so that the same story gives the same log."""

    def sign(self, payload: bytes) -> bytes:
        with self._at("sign"):
            r, s = decode_dss_signature(self._key.sign(payload, ec.ECDSA(SHA256(), deterministic_signing=True)))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class RecordingKeys(MemoryLogKeys):
    """The log's keys, which write down every note they ever made: `notes` are (size, root, note)."""

    def __init__(self, *, lock: LockStore) -> None:
        self.notes: list[tuple[int, bytes, str]] = []
        super().__init__(origin=ORIGIN, lock=lock)

    def sign(self, origin: str, size: int, root: bytes, timestamp: int) -> str:
        with self._at("sign"):
            note = LogKeys.sign(self, origin, size, root, timestamp)
            self.notes.append((size, root, note))
            return note


def roots_by_size(notes: Sequence[tuple[int, bytes, str]]) -> dict[int, set[bytes]]:
    """Every root that was ever signed for each size: a log that never forked has one each."""
    roots: dict[int, set[bytes]] = {}
    for size, root, _ in notes:
        roots.setdefault(size, set()).add(root)
    return roots


@cache
def _key(name: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(sha256(name.encode()).digest()) >> 8, ec.SECP256R1())


@dataclass
class Trial:
    """The archive, and what a test asks of it. `now` only ever moves on by `later`."""

    public: MemoryFiles = field(default_factory=MemoryFiles)
    staging: MemoryFiles = field(default_factory=MemoryFiles)
    lock: MemoryLock = field(default_factory=MemoryLock)
    now: datetime = START
    people: dict[str, User] = field(default_factory=dict)
    keys: dict[str, MemoryKey] = field(default_factory=dict)
    drawn: count[int] = field(default_factory=count)
    serials: count[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.signer = RecordingKeys(lock=self.lock)
        self.ministry = SteadyKey(_key("ministry"))

    @property
    def log(self) -> Log:
        return Log(
            origin=ORIGIN, trial=True, public=self.public, staging=self.staging, lock=self.lock, signer=self.signer
        )

    def random(self, size: int) -> bytes:
        return sha256(b"random" + next(self.drawn).to_bytes(8, "big")).digest()[:size]

    def later(self, **span: float) -> datetime:
        self.now += timedelta(**span) if span else timedelta(minutes=1)
        return self.now

    # -- people and institutions ----------------------------------------------------------------------------------

    def found(self) -> None:
        self.people["officer"] = founding.found(
            log=self.log, places_key=b"p" * 32, officer="officer", password="x", now=self.now
        )
        self.enrol("second officer", None, "officer")
        for code in (OURS, THEIRS):
            self.accredit(code)
            for role in ("preparer", "approver"):
                self.enrol(f"{role} {code}", code, role)

    def enrol(self, name: str, code: str | None, role: str) -> User:
        self.people[name] = founding.enrol(
            username=name, password="x", institution=queries.institution(code) if code else None, role=role,
            by=self.people["officer"], confirmed_by=self.people.get("second officer") if role == "officer" else None,
            now=self.now,
        )  # fmt: skip
        if code is not None and role == "preparer":
            self.receive_blanks(self.people[name], code)
        if code is not None and role == "approver":
            for kind in BY_KIND:
                numbering.set_template(
                    institution=queries.institution(code), kind=kind, template="{year}/{number:04}", by=self.people[name],
                    now=self.now,
                )  # fmt: skip
        return self.people[name]

    def receive_blanks(self, by: User, code: str) -> None:
        """Blanks of the kind that the institution awards, more than a test can use."""
        run = blanks.SerialRun.read("SG000001", "SG900010")
        institution = queries.institution(code)
        (kind,) = {power.kind for power in newest_page(institution)[1].powers} or {"degree"}
        if not institution.blank_events.exists():
            blanks.receive(
                institution=institution,
                kind=kind,
                run=run,
                on=min("2026-07-01", day(self.now).isoformat()),
                by=by,
                now=self.now,
            )

    def accredit(self, code: str, *, name: str | None = None, powers: Sequence[Power] = (IT, LAW)) -> Institution:
        key = self.keys.setdefault(f"memory:{code}", SteadyKey(_key(code)))
        return accrediting.accredit(
            log=self.log, ministry=self.ministry, code=code, category="university",
            names=[Name(vi=name or NAMES[code], en=code, valid_from="2000-01-01")], identifiers={},
            request=self.ask(key, code, f"memory:{code}"), powers=powers,
            signers=[SignerTerm(name="Lò Thị Mẫu", title="Hiệu trưởng", valid_from="2000-01-01")],
            by=self.people["officer"], confirmed_by=self.people["second officer"], now=self.now,
        )  # fmt: skip

    def ask(self, key: IssuerSigner, code: str, uri: str, *, holder: str | None = None) -> KeyRequest:
        """The request of a key for its place on the page of an institution."""
        asked = KeyRequest(code=code, jwk=key.jwk, holder=holder or code, uri=uri, certificate=b"")
        return asked.signed(key.sign, origin=ORIGIN)

    def keyring(self, uri: str) -> IssuerSigner:
        return self.keys[uri]

    def by(self, role: str, code: str = OURS) -> User:
        return self.people[f"{role} {code}"]

    # -- batches --------------------------------------------------------------------------------------------------

    def rows(self, rows: int, code: str = OURS, **changes: str | None) -> list[dict[str, str]]:
        made = []
        for _ in range(rows):
            number = next(self.serials)
            whole = {
                "institution": code,
                "institution_name": NAMES.get(code),
                "identifier": None,
                "register_number": None,
            }
            made.append(archive.record(number, **(whole | changes)))
        return made

    def open(
        self,
        rows: int | list[dict[str, str]] = 5,
        code: str = OURS,
        *,
        key: str | None = None,
        decision: batches.Decision = DECISION,
        level: str = "bachelor",
        kind: str = "degree",
        by: User | None = None,
        source: bytes | None = None,
        provenance: str = "A",
        allot_serials: bool = False,
        **changes: str | None,
    ) -> Batch:
        """Open a batch. Rows without a register number are numbered by the archive; those beside numbered ones come last."""
        records = self.rows(rows, code, **changes) if isinstance(rows, int) else rows
        allot = not any("register_number" in record for record in records)
        if not allot:
            records = [{"register_number": f"2026/{9000 + place}"} | one for place, one in enumerate(records)]
        number = next(self.drawn)
        return batches.open_batch(
            institution=queries.institution(code), schema=BY_KIND[kind], level=level, decision=decision,
            intake=intake(records),
            source=batches.Source(
                name=f"{number}.csv", sha256=sha256(source or b"file %d" % number).digest(), encrypted=b"sealed"
            ),
            key=key or f"key {number}", public_id=b64(self.random(16)), tally_salt=self.random(16),
            identifiers=self.identifier, by=by or self.by("preparer", code), now=self.now, provenance=provenance,
            allot_numbers=allot, allot_serials=allot_serials,
        )  # fmt: skip

    @property
    def desk(self) -> workbench.Desk:
        """The workbench's: files are kept under a mask of their own digest, and tables are read by the real reader."""
        return workbench.Desk(encrypt=_masked, decrypt=_unmasked, read=read_kept, randomness=self.random)

    def identifier(self) -> UUID:
        return UUID(f"00000000-0000-4000-8000-{self.random(6).hex()}")

    def submit(self, batch: Batch) -> Batch:
        return batches.submit(batch=batch, by=self.by("preparer", batch.institution.code), now=self.now)

    def approve(self, batch: Batch) -> Batch:
        return batches.approve(batch=batch, by=self.by("approver", batch.institution.code), now=self.now)

    def approved(self, rows: int | list[dict[str, str]] = 5, code: str = OURS, **options: Any) -> Batch:
        return self.approve(self.submit(self.open(rows, code, **options)))

    def advance(self) -> Checkpoint:
        """Seal, log and publish what there is to do."""
        head, problems = issuing.advance(
            self.log, keyring=self.keyring, randomness=self.random, now=self.later(), state_only=True,
            ministry=lambda: self.ministry,
        )  # fmt: skip
        assert problems == []
        assert head is not None
        return head

    def issue(self, rows: int | list[dict[str, str]] = 5, code: str = OURS, **options: Any) -> list[Row]:
        batch = self.approved(rows, code, **options)
        self.advance()
        batch.refresh_from_db()
        return list(queries.rows_of(batch))

    def sealing(self) -> sealing.Sealing:
        return sealing.Sealing(keyring=self.keyring, randomness=self.random, now=self.now)

    def seal(self, batch: Batch) -> Batch:
        return sealing.seal(Batch.objects.get(pk=batch.pk), self.sealing())

    # -- acts -----------------------------------------------------------------------------------------------------

    def decision(
        self, number: str = "77/QĐ", on: str = "2026-07-16", ground: str | None = None, judgment: bool = False
    ) -> acting.ActDecision:
        return acting.ActDecision(number=number, on=on, salt=self.random(16), ground=ground, judgment=judgment)

    def acting(self, by: User, prepared_by: User | None) -> acting.Acting:
        return acting.Acting(
            log=self.log,
            keyring=self.keyring,
            ministry=lambda: self.ministry,
            by=by,
            now=self.now,
            prepared_by=prepared_by,
        )

    def act(self, act: str, row: Row | Entry, *, act_id: str | None = None, number: str = "77/QĐ", on: str = "2026-07-16",
            by: User | None = None, ground: str | None = None, judgment: bool = False,
            prepared_by: User | None = None) -> Entry:  # fmt: skip
        logged = row.entry if isinstance(row, Row) else row
        assert logged is not None
        return acting.change_status(
            self.acting(by or self.by("approver", cast(Institution, logged.institution).code), prepared_by), act=act, logged=logged,
            decision=self.decision(number, on, ground or ("ineligible" if act in ("revoke", "cancel") else None), judgment),
            act_id=act_id or b64(self.random(16)),
        )  # fmt: skip

    def amend(self, row: Row, *, act_id: str | None = None, by: User | None = None, number: str = "88/QĐ",
              prepared_by: User | None = None, ground: str = "civil-status-change", **changes: str | None) -> Row:  # fmt: skip
        code = row.institution.code
        return amending.amend(
            self.acting(by or self.by("approver", code), prepared_by or self.by("preparer", code)), row=row, changes=changes,
            decision=self.decision(number, ground=ground), act_id=act_id or b64(self.random(16)), randomness=self.random,
        )  # fmt: skip

    def reissue(self, row: Row, serial: str, *, ground: str | None = "issuer-error", on: str = "2026-07-16",
                act_id: str | None = None, prepared_by: User | None = None, by: User | None = None,
                **changes: str | None) -> Row:  # fmt: skip
        code = row.institution.code
        return reissuing.reissue(
            self.acting(by or self.by("approver", code), prepared_by or self.by("preparer", code)), row=row,
            serial_number=serial, changes=changes, decision=self.decision("90/QĐ", on, ground),
            act_id=act_id or b64(self.random(16)), randomness=self.random,
        )  # fmt: skip

    def recall(self, named: Sequence[str], *, act: str = "revoke", leave_out: Sequence[str] = (), number: str = "193/2026/HS-ST",
               ground: str | None = "ineligible", prepared_by: User | None = None, by: User | None = None,
               code: str = OURS) -> recalling.Recalled:  # fmt: skip
        recall = recalling.Recall(
            institution=queries.institution(code), act=act, named=tuple(named),
            decision=self.decision(number, ground=ground, judgment=True),
        )  # fmt: skip
        return recalling.run(
            self.acting(by or self.by("approver", code), prepared_by or self.by("preparer", code)), recall,
            acknowledged=leave_out, randomness=self.random, progress=lambda _: None,
        )  # fmt: skip

    # -- the outside ----------------------------------------------------------------------------------------------

    def policy(self, *anchored: Checkpoint) -> Policy:
        """A verifier that saw these heads on a chain just now."""
        return Policy(
            origin=ORIGIN,
            trial=True,
            ministry=(self.ministry.jwk,),
            log=(self.vkeys,),
            anchors=tuple(self.observation(head) for head in sorted(anchored, key=lambda head: head.size)),
        )

    @property
    def vkeys(self) -> tuple[VerifierKey, ...]:
        return tuple(VerifierKey.parse(key) for key in self.signer.vkeys)

    def observation(self, head: Checkpoint) -> Observation:
        return Observation(
            chain_id=89, contract=CONTRACT, block_number=head.size, block_hash=bytes(32), sequence=head.size,
            size=head.size, root=bytes(head.root), time=int(self.now.timestamp()), endpoints=("http://127.0.0.1:8545",),
            observed_at=self.now,
        )  # fmt: skip

    def verify(self, row: Row, *anchored: Checkpoint, names: Sequence[str] | None = None) -> Report:
        """Hand out the evidence of a row at the newest head and let a stranger verify the bytes."""
        counter = Counter(self.log)
        content = counter.evidence(fresh(row), names=names).encode()
        return verify_bytes(content, self.policy(*(anchored or (counter.head,))), self.now)

    def verdict(self, row: Row) -> Verdict:
        return self.verify(row).verdict

    def audit(self, public: FileStore | None = None) -> Audit:
        return fsck(public or self.public, vkeys=[self.vkeys], origin=ORIGIN, ministry=[self.ministry.jwk])

    def assert_right(self) -> None:
        """The public files are those of a log without a fault, the register says the same, and no size has two roots."""
        found = self.audit()
        assert [(fault.index, fault.code, fault.en) for fault in found.faults] == []
        head = queries.newest_head()
        assert head is not None
        assert (found.size, found.root) == (head.size, bytes(head.root)) == self.lock.head(ORIGIN)
        assert Entry.objects.filter(index__isnull=False).count() == head.size
        assert all(len(roots) == 1 for roots in roots_by_size(self.signer.notes).values())


def _masked(content: bytes) -> bytes:
    return bytes(255 - byte for byte in content)


def _unmasked(kept: bytes, digest: bytes) -> bytes:
    content = _masked(kept)
    assert sha256(content).digest() == digest
    return content


def fresh(row: Row) -> Row:
    """The same row as the database has it now."""
    return queries._rows().get(pk=row.pk)


def intake(records: Sequence[Mapping[str, str]]) -> Intake:
    return Intake(
        file="made.csv",
        rows=tuple(IntakeRow(sheet="", row=number, record=dict(record)) for number, record in enumerate(records, 2)),
        problems=(), changes=(), ignored=(), skipped=(), read=len(records), faulty=0,
    )  # fmt: skip


E = TypeVar("E", bound=SogocError)


def refused(error: type[E], call: Callable[[], object]) -> E:
    """Call, expect this refusal, and hold it to what every refusal owes its reader: both languages."""
    with pytest.raises(error) as caught:
        call()
    refusal = caught.value
    assert refusal.en
    assert refusal.vi
    return refusal


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Run the calls in threads with connections of their own, all starting together; return results or refusals."""
    barrier = threading.Barrier(len(calls))
    results: list[object] = [None] * len(calls)

    def run(place: int, call: Callable[[], object]) -> None:
        barrier.wait()
        try:
            results[place] = call()
        except SogocError as refusal:
            results[place] = refusal
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=one) for one in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
