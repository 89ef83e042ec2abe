"""A whole archive in memory, built from the core's own functions and nothing else. Also the shortest way to read how
the parts belong together: a ministry accredits, an institution seals a batch, the log states what it holds, and
`evidence` gathers what a stranger needs.

Every key and secret comes from its name, so a test that fails once fails again. What an attacker would forge is forged
by a keyword of the honest method, by `fork`, or by `dataclasses.replace` on what `evidence` returns.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from sogoc.core import commitment, entry, jws, merkle, status
from sogoc.core import tally as tallies
from sogoc.core.anchor import Observation
from sogoc.core.authority import KeyWindow, Name, Page, Power, SignerTerm
from sogoc.core.canonical import b64, digest
from sogoc.core.checkpoint import Checkpoint, log_vkeys, sign
from sogoc.core.credentials import sd_jwt
from sogoc.core.evidence import Act, Evidence, Fresh, Lasting, Link, Logged
from sogoc.core.note import VerifierKey
from sogoc.core.record import BY_KIND, Record, check
from sogoc.core.trust import Policy, SeenState

ORIGIN = "trial.sogoc.example/2026-tests"
CONTRACT = "0x" + "ab" * 20
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ES256 = ec.ECDSA(SHA256(), deterministic_signing=True)


def on_july(day: int, hour: int = 18) -> datetime:
    """The archive lives in July 2026; states are made at 18:00 UTC."""
    return datetime(2026, 7, day, hour, tzinfo=UTC)


NOW = on_july(18, 9)
ANCHORED = on_july(17, 19)


class Key:
    """A P-256 key that follows from its name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._private = ec.derive_private_key(int.from_bytes(sha256(name.encode()).digest()) % _ORDER, ec.SECP256R1())
        self.jwk = jws.jwk_of(self._private.public_key())
        self.kid = jws.thumbprint(self.jwk)

    def sign(self, payload: bytes) -> bytes:
        r, s = decode_dss_signature(self._private.sign(payload, _ES256))
        return jws.lower(r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    def signed(self, statement: Any, *, origin: str = ORIGIN) -> Any:
        """Return the statement with this key's signature added."""
        unsigned = statement.prepare(self.jwk, origin=origin)
        signature = unsigned.signed(self.sign(unsigned.payload))
        return replace(statement, signatures=(*statement.signatures, signature))

    def __deepcopy__(self, _: object) -> Key:
        return self


def record(number: int = 1, **changes: str | None) -> dict[str, str]:
    """A degree of an invented person. A change to None leaves a field out."""
    fields: dict[str, str | None] = {
        "institution": "DHSG01",
        "kind": "degree",
        "level": "bachelor",
        "programme": "7480201",
        "programme_name": "Công nghệ thông tin",
        "mode": "full-time",
        "decision_number": "412/QĐ-ĐHSG",
        "decided_on": "2026-06-30",
        "awarded_on": "2026-07-15",
        "identifier": f"00000000-0000-4000-8000-{number:012x}",
        "title": "Bằng cử nhân",
        "institution_name": "Trường Đại học Sông Gốc",
        "holder_name": f"Y Brŭ Niê {number}",
        "born_on": "2003-02",
        "ethnicity": "Ê-đê",
        "classification": "Giỏi",
        "signer_name": "Lò Thị Mẫu",
        "signer_title": "Hiệu trưởng",
        "issued_at": "Đắk Lắk",
        "serial_number": f"SG{number:06d}",
        "register_number": f"2026/{number:04d}",
    }
    return {name: value for name, value in (fields | changes).items() if value is not None}


@dataclass(slots=True)
class Institution:
    ordinal: int
    key: Key
    page: Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Diploma:
    """One record version as its institution and holder keep it. `credential` shows every field."""

    institution: int
    record: Record
    secret: bytes
    status: entry.Place
    credential: str
    index: int
    batch_index: int
    path: tuple[bytes, ...] | None

    @property
    def disclosures(self) -> list[str]:
        return self.credential.split("~")[1:-1]

    @property
    def jwt(self) -> str:
        return self.credential.split("~", 1)[0]


@cache
def _places(number: int) -> list[int]:
    return status.places(b"places of the test archive.....!", number)


@dataclass(slots=True)
class Archive:
    """The register's keys, the log's entries and the status lists. `origin` may be another one, for other people's logs."""

    origin: str = ORIGIN
    ministry: Key = field(default_factory=lambda: Key("ministry"))
    log_name: str = "log"
    entries: list[bytes] = field(default_factory=list)
    institutions: dict[int, Institution] = field(default_factory=dict)
    lists: dict[int, status.StatusList] = field(default_factory=lambda: {0: status.StatusList(0)})
    given: int = 0
    acts: list[tuple[int, int, str]] = field(default_factory=list)
    """(index of the act, index of the entry it is about, number of its decision)"""
    newest: dict[int, int] = field(default_factory=dict)
    """Index of the last entry about a qualification, by the index of its first one."""
    older: dict[int, Diploma] = field(default_factory=dict)
    """The version that an amendment follows, by the amendment's index."""
    snapshots: dict[int, tuple[dict[int, bytes], dict[int, bytes]]] = field(default_factory=dict)
    """What each state entry, by its index, stated: pages by ordinal and lists by number."""
    notes: dict[int, str] = field(default_factory=dict)

    # -- the log --------------------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        return len(self.entries)

    def append(self, content: bytes) -> int:
        self.entries.append(content)
        return self.size - 1

    def tree(self) -> merkle.Tree:
        return merkle.Tree([merkle.leaf_hash(content) for content in self.entries])

    def root(self, size: int) -> bytes:
        return merkle.root_hash([merkle.leaf_hash(content) for content in self.entries[:size]])

    def keys(self) -> tuple[Ed25519PrivateKey, MLDSA44PrivateKey]:
        seed = sha256(self.log_name.encode()).digest()
        return Ed25519PrivateKey.from_private_bytes(seed), MLDSA44PrivateKey.from_seed_bytes(seed)

    @property
    def vkeys(self) -> tuple[VerifierKey, ...]:
        plain, post_quantum = self.keys()
        return tuple(
            VerifierKey.parse(key) for key in log_vkeys(self.origin, plain.public_key(), post_quantum.public_key())
        )

    def checkpoint(self, size: int) -> str:
        if size not in self.notes:
            plain, post_quantum = self.keys()
            head = Checkpoint(origin=self.origin, size=size, root=self.root(size))
            self.notes[size] = sign(head, ed25519=plain, ml_dsa=post_quantum, timestamp=1_784_000_000)
        return self.notes[size]

    def logged(self, index: int, size: int) -> Logged:
        proof = merkle.inclusion_proof(index, size, self.tree().node)
        return Logged(entry=self.entries[index], index=index, proof=tuple(proof))

    def link(self, start: int, end: int) -> Link:
        return Link(start=start, end=end, proof=tuple(merkle.consistency_proof(start, end, self.tree().node)))

    def fork(self, size: int | None = None) -> Archive:
        """A copy, with the same keys, that forgot what came after `size`: yesterday's backup, or a second tree."""
        other = copy.deepcopy(self)
        if size is not None:
            del other.entries[size:]
            other.snapshots = {index: shot for index, shot in self.snapshots.items() if index < size}
            other.notes = {at: note for at, note in self.notes.items() if at <= size}
        return other

    # -- the register ---------------------------------------------------------------------------------------------

    def accredit(self, code: str, name: str, *, key: Key | None = None, **changes: Any) -> Institution:
        """Give an institution its first page: one key, bachelor's degrees of one programme, full-time."""
        key = key or Key(code)
        ordinal = max(self.institutions, default=0) + 1
        page = Page(
            ordinal=ordinal,
            version=1,
            code=code,
            category="university",
            names=(Name(vi=name, en="A University", valid_from="1990-01-01"),),
            identifiers={"ministry_code": code},
            keys=(KeyWindow(jwk=key.jwk, holder="Văn phòng", start=0),),
            powers=(
                Power(
                    kind="degree",
                    level="bachelor",
                    programme="7480201",
                    mode="full-time",
                    valid_from="2010-01-01",
                    legal_basis="100/QĐ-BGDĐT",
                    name="Công nghệ thông tin",
                ),
            ),
            signers=(SignerTerm(name="Lò Thị Mẫu", title="Hiệu trưởng", valid_from="2020-01-01"),),
            custodian=ordinal,
        )
        self.institutions[ordinal] = Institution(ordinal, key, page)
        self._publish(replace(page, **changes))
        return self.institutions[ordinal]

    def change_page(self, institution: Institution, **changes: Any) -> None:
        """Put the next version of a page in force."""
        self._publish(replace(institution.page, version=institution.page.version + 1, signatures=(), **changes))

    def _publish(self, page: Page) -> None:
        signed: Page = self.ministry.signed(page, origin=self.origin)
        self.institutions[page.ordinal].page = signed
        published = entry.Authority(institution=page.ordinal, version=page.version, page=digest(signed.encode()))
        self.append(published.encode())

    def place(self) -> entry.Place:
        self.given += 1
        return 0, _places(0)[self.given - 1]

    def credential(
        self, fields: Record, secret: bytes, place: entry.Place, key: Key, code: str, origin: str = ""
    ) -> str:
        schema = BY_KIND[fields["kind"]]
        sealed = commitment.seal(schema, fields, secret)
        signing_input = sd_jwt.signing_input(
            sealed, kid=key.kid, origin=origin or self.origin, institution=code, status=place
        )
        return sd_jwt.assemble(signing_input, key.sign(signing_input), sealed.disclosures.values())

    def issue(
        self,
        institution: Institution,
        records: Sequence[Record],
        /,
        *,
        key: Key | None = None,
        ministry_too: bool = False,
        **forged: Any,
    ) -> list[Diploma]:
        """Seal and log one batch. `forged` replaces members of the batch entry before it is signed."""
        key = key or institution.key
        schema, first = BY_KIND[records[0]["kind"]], records[0]
        secrets = [digest(f"secret {self.size} {one['identifier']}".encode()) for one in records]
        rows = sorted(
            (commitment.seal(schema, one, secret).commitment, self.place(), one, secret)
            for one, secret in zip(records, secrets, strict=True)
        )
        pairs = merkle.Tree([merkle.leaf_hash(entry.pair(committed, place)) for committed, place, _, _ in rows])
        exact: dict[tallies.Cell, int] = {}
        for one in records:
            check(schema, one)
            cell = (one["programme"], one["mode"], one.get("admitted_on", "")[:4])
            exact[cell] = exact.get(cell, 0) + 1
        batch = entry.Batch(
            id=b64(digest(b"batch %d" % self.size)[:16]),
            institution=institution.ordinal,
            schema=schema.id,
            level=first["level"],
            decision_number=first["decision_number"],
            decided_on=first["decided_on"],
            decision_total=1000,
            awarded_on=first["awarded_on"],
            provenance="A",
            override=tuple(sorted({f"power:{one['programme']}" for one in records})) if ministry_too else (),
            count=len(records),
            tally=tallies.public(exact),
            tally_digest=tallies.digest(exact, bytes(16)),
            root=pairs.root,
        )
        batch = key.signed(replace(batch, **forged), origin=self.origin)
        if ministry_too:
            batch = self.ministry.signed(batch, origin=self.origin)
        at = self.append(batch.encode())
        diplomas = []
        for position, (committed, place, one, secret) in enumerate(rows):
            leaf = entry.Issue(
                batch=merkle.leaf_hash(self.entries[at]),
                commitment=committed,
                institution=batch.institution,
                status=place,
            )
            index = self.append(leaf.encode())
            self.newest[index] = index
            diplomas.append(
                Diploma(
                    institution=institution.ordinal,
                    record=one,
                    secret=secret,
                    status=place,
                    credential=self.credential(one, secret, place, key, one["institution"]),
                    index=index,
                    batch_index=at,
                    path=tuple(pairs.proof(position)),
                )
            )
        return diplomas

    def act(self, what: str, diploma: Diploma, *, wording: str = "by-decision", key: Key | None = None) -> int:
        """Revoke, cancel, suspend or reinstate."""
        number = f"{what}/{self.size}"
        statement = entry.StatusAct(
            act=what,
            id=b64(digest(number.encode())[:16]),
            decision=commitment.blind_decision(number, bytes(16)),
            institution=diploma.institution,
            on="2026-07-17",
            previous=self.newest[diploma.index],
            target=diploma.index,
            wording=wording,
        )
        key = key or self.institutions[diploma.institution].key
        index = self.append(key.signed(statement, origin=self.origin).encode())
        self.newest[diploma.index] = index
        self.acts.append((index, diploma.index, number))
        now = {"suspend": status.Status.SUSPENDED, "reinstate": status.Status.VALID}.get(what, status.Status.REVOKED)
        self.lists[diploma.status[0]][diploma.status[1]] = now
        older = self.older.get(diploma.index)
        while now is status.Status.REVOKED and older is not None:
            self.lists[older.status[0]][older.status[1]] = now
            older = self.older.get(older.index)
        return index

    def amend(self, diploma: Diploma, *, key: Key | None = None, signer: Key | None = None, **changes: str) -> Diploma:
        """Log a corrected version. `key` signs the credential, `signer` the entry."""
        institution = self.institutions[diploma.institution]
        key = key or institution.key
        fields = dict(diploma.record) | changes
        secret = digest(f"secret {self.size} {fields['identifier']}".encode())
        place, number = self.place(), f"amend/{self.size}"
        statement = entry.Successor(
            act="amend",
            id=b64(digest(number.encode())[:16]),
            batch=merkle.leaf_hash(self.entries[diploma.batch_index]),
            commitment=commitment.seal(BY_KIND[fields["kind"]], fields, secret).commitment,
            decision=commitment.blind_decision(number, bytes(16)),
            follows=diploma.index,
            institution=diploma.institution,
            on="2026-07-17",
            previous=self.newest[diploma.index],
            status=place,
        )
        index = self.append((signer or key).signed(statement, origin=self.origin).encode())
        self.newest[index] = index
        self.acts.append((index, diploma.index, number))
        self.lists[diploma.status[0]][diploma.status[1]] = status.Status.SUPERSEDED
        self.older[index] = diploma
        return replace(
            diploma,
            record=fields,
            secret=secret,
            status=place,
            credential=self.credential(fields, secret, place, key, fields["institution"]),
            index=index,
            path=None,
        )

    def state(self, at: datetime) -> int:
        """Log the state of all pages and lists."""
        pages = {ordinal: one.page.encode() for ordinal, one in self.institutions.items()}
        lists = {number: bytes(one.content) for number, one in self.lists.items()}
        authorities, statuses = _state_trees(pages, lists)
        state = entry.State(
            at=at,
            authority_size=authorities.size,
            authority_root=authorities.root,
            status_size=statuses.size,
            status_root=statuses.root,
        )
        index = self.append(state.encode())
        self.snapshots[index] = (pages, lists)
        return index

    # -- what travels ---------------------------------------------------------------------------------------------

    def lasting(self, diploma: Diploma, size: int, *, names: Iterable[str] | None = None) -> Lasting:
        """The half that never changes, under the checkpoint of `size`. `names` hides all other fields."""
        states = [index for index in self.snapshots if index < size]
        after = max((index for index in states if index < diploma.index), default=None)
        before = min((index for index in states if index > diploma.index), default=None)
        return Lasting(
            credential=diploma.credential if names is None else sd_jwt.show(diploma.credential, names),
            checkpoint=self.checkpoint(size),
            leaf=self.logged(diploma.index, size),
            batch=self.logged(diploma.batch_index, size),
            path=diploma.path,
            after=None if after is None else self.logged(after, size),
            before=None if before is None else self.logged(before, size),
            anchor={"chain_id": 89, "contract": CONTRACT, "sequence": 0},
        )

    def fresh(
        self, size: int, *, about: Diploma | None = None, state: int | None = None, known: Iterable[int] = ()
    ) -> Fresh:
        """How things stood at `state` (the last one before `size`): all of them, or those about one diploma.

        Each of the sizes `known` is linked directly with `size`: a path over a third one helps only who knows its root.
        """
        state = max(index for index in self.snapshots if index < size) if state is None else state
        pages, lists = self.snapshots[state]
        authorities, statuses = _state_trees(pages, lists)
        return Fresh(
            checkpoint=self.checkpoint(size),
            links=tuple(self.link(min(size, other), max(size, other)) for other in sorted({*known} - {size})),
            state=self.logged(state, size),
            authorities=tuple(
                (pages[at], tuple(authorities.proof(at)))
                for at in sorted(pages)
                if not about or at in {about.institution, self.institutions[about.institution].page.custodian}
            ),
            statuses=tuple(
                (number, status.StatusList(number, lists[number]).compressed(), tuple(statuses.proof(number)))
                for number in sorted(lists)
                if not about or number == about.status[0]
            ),
            acts=tuple(
                Act(logged=self.logged(index, size), decision_number=number, salt=bytes(16))
                for index, concerned, number in self.acts
                if index < size and (not about or concerned == about.index)
            ),
        )

    def evidence(
        self,
        diploma: Diploma,
        *,
        at: int | None = None,
        fresh_at: int | None = None,
        state: int | None = None,
        known: Iterable[int] = (),
        names: Iterable[str] | None = None,
    ) -> Evidence:
        """Everything about one diploma: the lasting half under size `at`, the fresh half under size `fresh_at`."""
        at, fresh_at = self.size if at is None else at, self.size if fresh_at is None else fresh_at
        return Evidence(
            lasting=self.lasting(diploma, at, names=names),
            fresh=self.fresh(fresh_at, about=diploma, state=state, known={at, *known}),
        )

    # -- who looks at it ------------------------------------------------------------------------------------------

    def observation(self, size: int, *, at: datetime = ANCHORED, root: bytes | None = None) -> Observation:
        return Observation(
            chain_id=89,
            contract=CONTRACT,
            block_number=1000 + size,
            block_hash=digest(b"block %d" % size),
            sequence=size,
            size=size,
            root=self.root(size) if root is None else root,
            time=int(at.timestamp()),
            endpoints=("http://127.0.0.1:8545",),
            observed_at=at,
        )

    def seen(self, state: int, size: int) -> SeenState:
        """The memory of a verifier that saw the state entry `state` under the checkpoint of `size`."""
        found = entry.parse(self.entries[state])
        assert isinstance(found, entry.State)
        return SeenState(index=state, at=found.at, size=size, root=self.root(size))

    def policy(self, *anchored: int, **changes: Any) -> Policy:
        """A verifier that trusts this ministry and this log, and saw the anchors of the sizes `anchored`."""
        policy = Policy(
            origin=self.origin,
            trial=True,
            ministry=(self.ministry.jwk,),
            log=(self.vkeys,),
            chains=(
                {
                    "chain_id": 89,
                    "contract": CONTRACT,
                    "code_hash": "0x" + "00" * 32,
                    "endpoints": ["http://127.0.0.1:8545"],
                    "finality": {"rule": "confirmations", "blocks": 2},
                },
            ),
            anchors=tuple(self.observation(size) for size in sorted(anchored)),
        )
        return replace(policy, **changes)


def _state_trees(pages: Mapping[int, bytes], lists: Mapping[int, bytes]) -> tuple[merkle.Tree, merkle.Tree]:
    """The two trees of a state, in which the position of a leaf is the ordinal or the number of the list."""
    authorities = [
        merkle.leaf_hash(digest(pages[ordinal]) if ordinal in pages else b"") for ordinal in range(max(pages) + 1)
    ]
    statuses = [merkle.leaf_hash(status.StatusList(number, lists[number]).leaf()) for number in range(len(lists))]
    return merkle.Tree(authorities), merkle.Tree(statuses)


@dataclass(slots=True)
class Story:
    """The archive that most tests begin with. Its states stand at the indexes `monday`, `tuesday` and `wednesday`."""

    archive: Archive
    ours: Institution
    theirs: Institution
    monday: int
    first: list[Diploma]
    other: list[Diploma]
    tuesday: int
    few: list[Diploma]
    wednesday: int


def story() -> Story:
    """Two universities, two batches, a state; one small batch, another state. 23 entries."""
    archive = Archive()
    ours = archive.accredit("DHSG01", "Trường Đại học Sông Gốc")
    theirs = archive.accredit("DHTM02", "Trường Đại học Thượng Mạch")
    monday = archive.state(on_july(14))
    first = archive.issue(ours, [record(number) for number in range(1, 7)])
    away = {"institution": "DHTM02", "institution_name": "Trường Đại học Thượng Mạch"}
    other = archive.issue(theirs, [record(number, **away) for number in range(11, 17)])
    tuesday = archive.state(on_july(16))
    few = archive.issue(ours, [record(number, decision_number="413/QĐ-ĐHSG") for number in range(21, 24)])
    wednesday = archive.state(on_july(17))
    return Story(archive, ours, theirs, monday, first, other, tuesday, few, wednesday)
