"""The stage of the demonstration: a ministry, four institutions and their people, a chain and a verifier, all of them real.

Each method is one thing that somebody does, by the service that everybody uses; it says what came of it.
"""

from __future__ import annotations

import json
import secrets
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from sogoc import wiring
from sogoc.adapters import diploma_pdf, node_anvil
from sogoc.core.authority import Name, Power, SignerTerm
from sogoc.core.canonical import b64
from sogoc.core.possession import KeyRequest
from sogoc.core.trust import Policy
from sogoc.demo import faulty, sample
from sogoc.demo.sample import SampleBatch, SampleInstitution, SampleSet
from sogoc.errors import FourEyes, GateRefused, WrongState
from sogoc.wiring import Home

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from sogoc.register.models import Batch, Row
    from sogoc.services.delivery import Counter

STATE_BEFORE = timedelta(days=3)
"""The first list was published so long ago that a state of that day is stale today."""

console = Console(highlight=False)


@dataclass(slots=True)
class People:
    """Who acts for one institution."""

    preparer: User
    approver: User


class Stage:
    """Everybody who acts in the demonstration, in one archive."""

    def __init__(self, *, home: Home, output: Path, seed: int) -> None:
        self.home = home
        self.output = output
        self.seed = seed
        self.now = wiring.utc_now().replace(microsecond=0)
        self.people: dict[str, People] = {}
        self.passwords: dict[str, str] = {}
        self.officer: User
        self.second_officer: User

    # -- ministry ---------------------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Make room for a new archive where a trial archive was; nothing else is ever deleted. Raises: WrongState."""
        if self.home.folder.exists() and any(self.home.folder.iterdir()):
            node_anvil.stop(self.home.folder / "chain")
            if not (self.home.folder / "archive.json").exists():
                raise WrongState(
                    f"{self.home.folder} is not the folder of an archive: nothing was deleted",
                    f"{self.home.folder} không phải thư mục của kho: chưa xóa gì",
                    mend="Move it away, or name another folder with --home.",
                    mend_vi="Chuyển thư mục đi nơi khác, hoặc chọn thư mục khác bằng --home.",
                )
            if not self.home.settings.trial:
                raise WrongState(
                    f"{self.home.folder} is not a trial archive: nothing was deleted",
                    f"{self.home.folder} không phải kho thử nghiệm: chưa xóa gì",
                )
            shutil.rmtree(self.home.folder)
        elif self.home.folder.exists():
            self.home.folder.rmdir()
        for name in ("log", "registers"):
            shutil.rmtree(self.output / name, ignore_errors=True)
        self.output.mkdir(parents=True, exist_ok=True)

    def found(self) -> None:
        origin = f"trial.sogoc.example/{self.now:%Y}-{secrets.token_hex(4)}"
        self.home = wiring.make_home(self.home.folder, origin=origin, trial=True, public=self.output / "log")
        wiring.setup_django(self.home.folder)
        wiring.migrate()
        from sogoc.services import founding

        self.officer = founding.found(
            log=self.home.log,
            places_key=secrets.token_bytes(32),
            officer="can-bo-bo",
            password=self._password("can-bo-bo"),
            now=self.now - STATE_BEFORE,
        )
        self.second_officer = founding.enrol(
            username="can-bo-hai",
            password=self._password("can-bo-hai"),
            institution=None,
            role="officer",
            by=self.officer,
            now=self.now - STATE_BEFORE,
        )
        wiring.deploy_embedded(self.home)
        say(f"origin {origin}")
        say(f"chain {self.home.settings.chain_id}, contract {self.home.settings.contract}")

    def accredit(self, one: SampleInstitution) -> None:
        from sogoc.services import accrediting, founding

        uri = self.home.make_key(one.code)
        key = self.home.keyring(uri)
        at = self.now - STATE_BEFORE
        institution = accrediting.accredit(
            log=self.home.log,
            ministry=self.home.ministry,
            code=one.code,
            category=one.category,
            names=[Name(vi=one.name_vi, en=one.name_en, valid_from="2000-01-01")],
            identifiers={},
            request=KeyRequest(
                code=one.code,
                jwk=key.jwk,
                holder=one.name_vi,
                uri=uri,
                certificate=diploma_pdf.self_signed_certificate(
                    key, name=one.name_vi, serial=secrets.randbits(120) | 1, valid_from=at
                ),
            ).signed(key.sign, origin=self.home.log.origin),
            powers=[
                Power(
                    kind=one.kind,
                    level=one.level,
                    programme=programme.code,
                    mode=mode,
                    name=None if one.kind == "school-diploma" else programme.vi,
                    valid_from="2015-01-01",
                    legal_basis=f"Quyết định mở ngành (mẫu) {programme.code}",
                )
                for programme in one.programmes
                for mode in programme.modes
            ],
            signers=[SignerTerm(name=one.signer_name, title=one.signer_title, valid_from="2020-01-01")],
            by=self.officer,
            confirmed_by=self.second_officer,
            now=at,
        )
        users = {}
        for role in ("preparer", "approver"):
            name = f"{'lap' if role == 'preparer' else 'duyet'}.{one.code.lower()}"
            users[role] = founding.enrol(
                username=name,
                password=self._password(name),
                institution=institution,
                role=role,
                by=self.officer,
                now=at,
            )
        self.people[one.code] = People(users["preparer"], users["approver"])
        say(f"{one.code} · {one.name_vi}: {len(one.programmes)} ngành · programmes")

    def _password(self, username: str) -> str:
        return self.passwords.setdefault(username, secrets.token_urlsafe(9))

    def keep_passwords(self) -> None:
        path = self.home.folder / "keys" / "people.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(self.passwords, indent=1) + "\n")

    def load_people(self) -> None:
        from sogoc.services import access

        self.passwords = json.loads((self.home.folder / "keys" / "people.json").read_text())
        for one in sample.INSTITUTIONS:
            names = (f"lap.{one.code.lower()}", f"duyet.{one.code.lower()}")
            preparer, approver = (access.authenticate(name, self.passwords[name]) for name in names)
            self.people[one.code] = People(preparer, approver)

    # -- registrar and approver -------------------------------------------------------------------------------------

    def receive_blanks(self, batch: SampleBatch) -> None:
        from sogoc.register import queries
        from sogoc.services import blanks

        blanks.receive(
            institution=queries.institution(batch.institution.code),
            kind=batch.institution.kind,
            run=blanks.SerialRun.read(*batch.blanks),
            on=batch.decided_on.isoformat(),
            by=self.people[batch.institution.code].preparer,
            now=self.now,
        )

    def _take_in(self, batch: SampleBatch, path: Path, now: datetime) -> Any:
        from sogoc.core.intake import Choices
        from sogoc.register import queries
        from sogoc.services import workbench
        from sogoc.services.batches import Decision

        decision = Decision(
            number=batch.decision_number,
            decided_on=batch.decided_on.isoformat(),
            total=batch.rows,
            awarded_on=batch.awarded_on.isoformat(),
        )
        institution = batch.institution
        return workbench.take_in(
            desk=self.home.desk,
            institution=queries.institution(institution.code),
            name=path.name,
            content=path.read_bytes(),
            said=workbench.Said(
                kind=institution.kind,
                level=institution.level,
                decision=decision,
                given=batch.defaults,
                allot=() if batch.numbered else ("register_number",),
            ),
            choices=Choices(),
            by=self.people[institution.code].preparer,
            now=now,
        )

    def refuse_faulty(self, samples: SampleSet) -> None:
        clean = samples.batch(sample.SCHOOL.code)
        twin = faulty.seed_faults(clean, clean.path.with_stem(clean.path.stem + "-co-loi"), seed=self.seed)
        read, batch = self._take_in(clean, twin.path, self.now)
        if batch is not None:
            raise WrongState("a file with faults was taken in")
        for problem in read.problems[:5]:
            say(f"{twin.path.name} {problem.sheet}!{problem.cell} [{problem.rule}] {problem.vi} → {problem.mend_vi}")
        say(
            f"{len(read.problems)} lỗi · problems ({len(twin.faults)} được gài · seeded); không dòng nào vào sổ · nothing taken in"
        )

    def refuse_unlicensed(self, samples: SampleSet) -> None:
        from sogoc.services import batches

        unlicensed = samples.unlicensed
        self.receive_blanks(unlicensed)
        _, batch = self._take_in(unlicensed, unlicensed.path, self.now)
        try:
            batches.submit(batch=batch, by=self.people[unlicensed.institution.code].preparer, now=self.now)
        except GateRefused as refusal:
            say(f"[{refusal.rule}] {refusal.vi}")
            say(f"{refusal.legal_basis}")
            preparer = self.people[unlicensed.institution.code].preparer
            batches.discard(batch=batch, by=preparer, now=self.now)  # its register numbers are those of the next list
            return
        raise WrongState("the gate let an unlicensed programme pass")

    def issue(self, lists: Sequence[SampleBatch], *, now: datetime, show_four_eyes: bool = False) -> Batch:
        from sogoc.services import batches, issuing

        batch: Batch | None = None
        for one in lists:
            people = self.people[one.institution.code]
            self.receive_blanks(one)
            read, batch = self._take_in(one, one.path, now)
            batches.submit(batch=batch, by=people.preparer, now=now)
            if show_four_eyes:
                self._refuse_own_approval(batch, people)
                show_four_eyes = False
            batches.approve(batch=batch, by=people.approver, now=now)
            say(
                f"{one.path.name}: {len(read.rows)} dòng · rows, {people.preparer} lập · prepared, {people.approver} duyệt · approved"
            )
        began = time.monotonic()
        head, problems = issuing.advance(
            self.home.log, keyring=self.home.keyring, randomness=secrets.token_bytes, now=now
        )
        if problems or head is None or batch is None:
            raise problems[0] if problems else WrongState("nothing was published")
        count = sum(one.rows for one in lists)
        seconds = time.monotonic() - began
        say(
            f"{count} văn bằng ký, vào nhật ký, công bố · signed, logged, published: {seconds:.1f} s, {head.size} mục · entries"
        )
        batch.refresh_from_db()
        return batch

    def _refuse_own_approval(self, batch: Batch, people: People) -> None:
        from sogoc.services import batches, founding

        founding.appoint(
            user=people.preparer, institution=batch.institution, role="approver", by=self.officer, now=self.now
        )
        try:
            batches.approve(batch=batch, by=people.preparer, now=self.now)
        except FourEyes as refusal:
            say(f"[{refusal.code}] {refusal.vi} · {refusal.en}")
            return
        raise WrongState("a preparer approved her own batch")

    def rows(self, batch: Batch) -> list[Row]:
        from sogoc.register import queries

        return list(queries.rows_of(batch))

    def supplement(self) -> SampleBatch:
        from sogoc.register import queries

        return sample.make_supplement(
            self.output / "registers", seed=self.seed, today=self.now.date(), number=queries.batches()
        )

    def leave_a_list(self) -> None:
        """Leave one clean list beside the others that is not in the register: the registrar's first own work."""
        path = sample.make_supplement(self.output / "registers", seed=self.seed, today=self.now.date(), number=1).path
        say(f"{path.name}: chưa vào sổ, dành cho bạn · not in the register, for you to take in")

    def finish(self) -> None:
        """Do what a stop left undone."""
        from sogoc.services import issuing

        issuing.advance(self.home.log, keyring=self.home.keyring, randomness=secrets.token_bytes, now=self.now)

    def revoke(self, row: Row) -> None:
        from sogoc.register import queries
        from sogoc.services import acting, sequencing

        logged = row.logged
        if logged is None:
            raise WrongState("the diploma is not logged")
        acting.change_status(
            acting.Acting(
                log=self.home.log,
                keyring=self.home.keyring,
                ministry=lambda: self.home.ministry,
                by=self.people[row.institution.code].approver,
                now=self.now,
            ),
            act="revoke",
            logged=queries.entry_at(logged.index or 0),
            decision=acting.ActDecision(
                number="77/QĐ-TTMN",
                on=self.now.date().isoformat(),
                salt=secrets.token_bytes(16),
                ground="ineligible",
            ),
            act_id=b64(secrets.token_bytes(16)),
        )
        head = sequencing.sequence(self.home.log, now=self.now)
        say(f"vị trí · log index {logged.index}; nhật ký có {head.size if head else 0} mục")

    # -- chain and verifier -------------------------------------------------------------------------------------------

    def anchor(self) -> None:
        from sogoc.services import anchoring

        chain = self.home.chain()
        one = anchoring.anchor(chain, now=self.now)
        if one is None:
            raise WrongState("there is nothing to anchor")
        one = anchoring.wait(chain, one, pause=_pauses(20), now=self.now)
        say(f"mốc · anchor {one.sequence}: cỡ · size {one.size}, khối · block {one.block_number}")

    def observe(self, previous: Policy | None = None) -> Policy:
        from sogoc.services import observing

        own = self.home.policy()
        kept = previous.anchors if previous is not None and previous.origin == own.origin else ()
        policy = replace(own, anchors=kept)
        chains = [wiring.observing_chain(pinned, policy.origin) for pinned in policy.chains]
        policy = observing.observe(policy, chains, now=self.now)
        policy = observing.remember_state(policy, self.home.log.public)
        (self.output / "trust.json").write_bytes(policy.encode())
        (self.home.folder / "trust.json").write_bytes(policy.encode())
        say(f"trust.json: {len(policy.anchors)} mốc tự quan sát · anchors observed")
        return policy

    def look_again(self) -> None:
        """Compare what the archive remembers with what the chain holds now, and anchor again what a crash lost."""
        from sogoc.register import queries
        from sogoc.services import anchoring

        before = queries.sizes_last_seen_anchored()
        events = anchoring.look(self.home.chain())
        lost = before - {event.size for event in events}
        say(
            f"{len(events)} mốc còn trên chuỗi · anchors on the chain"
            + (f"; mất · lost: {sorted(lost)}" if lost else "")
        )
        if lost:
            self.anchor()

    def counter(self) -> Counter:
        from sogoc.services.delivery import Counter

        return Counter(self.home.log)


def say(text: str) -> None:
    console.print(Text(f"  {text}"), soft_wrap=True)


def _pauses(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds

    def pause() -> bool:
        time.sleep(0.05)
        return time.monotonic() < end

    return pause
