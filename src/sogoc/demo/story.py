"""`sogoc demo`: the whole story in the terminal, on a real database, a real log and a real chain.

Nothing here is rehearsed: every line that it prints is the answer of the service or the verifier it names.
"""

from __future__ import annotations

import json
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sogoc import wiring
from sogoc.adapters import diploma_pdf, node_anvil
from sogoc.adapters.keys_file import FileKey
from sogoc.adapters.pdf_reader import read_pdf
from sogoc.adapters.sheets import read_table
from sogoc.core import trust
from sogoc.core.authority import Name, Power, SignerTerm
from sogoc.core.canonical import b64
from sogoc.core.entry import write_time
from sogoc.core.evidence import Evidence, Fresh
from sogoc.core.record import BY_KIND
from sogoc.core.report import LABELS, Report, Verdict
from sogoc.core.trust import Policy
from sogoc.core.verify import PrintedPage, verify_bytes
from sogoc.demo import forger, sample
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


def tell(*, home: Path, output: Path, seed: int, resume: bool) -> int:
    """Tell the story with a new archive, or go on with the last one; return the exit code. Raises: SogocError."""
    began = time.monotonic()
    story = _Story(home=Home(home), output=output.resolve(), seed=seed)
    if resume:
        story.go_on()
    else:
        story.begin_anew()
    console.print()
    console.print(Text(f"Xong trong {time.monotonic() - began:.1f} s · done", style="bold green"))
    story.say_what_next()
    return 0


@dataclass(slots=True)
class _People:
    preparer: User
    approver: User


class _Story:
    def __init__(self, *, home: Home, output: Path, seed: int) -> None:
        self.home = home
        self.output = output
        self.seed = seed
        self.now = wiring.utc_now().replace(microsecond=0)
        self.people: dict[str, _People] = {}
        self.passwords: dict[str, str] = {}
        self.resumed = False
        self.results: list[tuple[str, Report]] = []

    # -- the two ways through ---------------------------------------------------------------------------------------

    def begin_anew(self) -> None:
        self._clear()
        files = self.output / "registers"
        with _phase("Bộ lập kho lưu trữ, nhật ký và chuỗi khối", "the ministry founds archive, log and chain"):
            officer = self._found()
        with _phase("Bộ công nhận bốn cơ sở và khóa của họ", "the ministry accredits four institutions and their keys"):
            samples = sample.make_files(files, seed=self.seed, today=self.now.date())
            for institution in samples.institutions:
                self._accredit(institution, officer)
        self._keep_passwords()
        with _phase(
            "Giáo vụ nộp tệp có lỗi: bị từ chối, nêu đúng từng ô", "a file with faults is refused, cell by cell"
        ):
            self._refuse_faulty(samples)
        with _phase(
            "Ngành chưa được phép: cửa kiểm soát từ chối", "a programme without licence is refused at the gate"
        ):
            self._refuse_unlicensed(samples)
        with _phase("Đợt đầu, ba ngày trước: nộp, người khác duyệt, ký, công bố", "the first list, three days ago"):
            school = samples.batch(sample.SCHOOL.code)
            first = self._issue([school], now=self.now - STATE_BEFORE)
            self._anchor()
            old = self._counter().fresh(ordinals=[first.institution.ordinal], numbers=[0])
        with _phase("Hôm nay: ba đợt còn lại", "today: the other three lists"):
            rest = [batch for batch in samples.batches if batch is not school]
            last = self._issue(rest, now=self.now, show_four_eyes=True)
        with _phase("Thu hồi một văn bằng theo quyết định", "one diploma is revoked by decision"):
            rows = self._rows(last)
            self._revoke(rows[7])
        with _phase("Ghi mốc lên chuỗi khối; người kiểm tra tự quan sát", "anchored; the verifier looks for himself"):
            self._anchor()
            policy = self._observe()
        with _phase(
            "In và ký văn bằng; tạo các tệp thật và giả", "print and sign; make the genuine and the false files"
        ):
            self._write_files(rows, self._rows(first), old, policy)
        with _phase("Kiểm tra ngoại tuyến từng tệp", "every file is verified offline"):
            self._verify_all(policy)

    def go_on(self) -> None:
        self.resumed = True
        settings = self.home.settings
        with _phase("Mở lại kho lưu trữ", f"reopen {settings.origin}"):
            wiring.setup_django(self.home.folder)
            wiring.migrate()
            node_anvil.start(self.home.folder / "chain", chain_id=settings.chain_id)
            self._load_people()
            self._finish()
        with _phase("Chuỗi khối còn giữ các mốc cũ?", "does the chain still hold the old anchors?"):
            self._look_again()
        with _phase("Thêm một đợt cấp", "one more list"):
            self._issue([self._supplement()], now=self.now)
            self._anchor()
        with _phase("Văn bằng cũ vẫn kiểm tra được", "the old diplomas still verify"):
            policy = self._observe(previous=trust.parse((self.output / "trust.json").read_bytes()))
            self._verify_again(policy)

    # -- ministry ---------------------------------------------------------------------------------------------------

    def _clear(self) -> None:
        if self.home.folder.exists():
            node_anvil.stop(self.home.folder / "chain")
            if not (self.home.folder / "archive.json").exists() and any(self.home.folder.iterdir()):
                raise WrongState(
                    f"{self.home.folder} is not the folder of an archive: nothing was deleted",
                    f"{self.home.folder} không phải thư mục của kho: chưa xóa gì",
                )
            if not _is_trial(self.home):
                raise WrongState(
                    f"{self.home.folder} is not a trial archive: nothing was deleted",
                    f"{self.home.folder} không phải kho thử nghiệm: chưa xóa gì",
                )
            shutil.rmtree(self.home.folder)
        for name in ("log", "registers"):
            shutil.rmtree(self.output / name, ignore_errors=True)
        self.output.mkdir(parents=True, exist_ok=True)

    def _found(self) -> User:
        origin = f"trial.sogoc.example/{self.now:%Y}-{secrets.token_hex(4)}"
        self.home = wiring.make_home(self.home.folder, origin=origin, trial=True, public=self.output / "log")
        wiring.setup_django(self.home.folder)
        wiring.migrate()
        from sogoc.services import founding

        officer = founding.found(
            log=self.home.log,
            places_key=secrets.token_bytes(32),
            officer="can-bo-bo",
            password=self._password("can-bo-bo"),
            now=self.now - STATE_BEFORE,
        )
        wiring.deploy_embedded(self.home)
        _say(f"origin {origin}")
        _say(f"chain {self.home.settings.chain_id}, contract {self.home.settings.contract}")
        return officer

    def _accredit(self, one: SampleInstitution, officer: User) -> None:
        from sogoc.services import accrediting, founding

        uri = self.home.make_key(one.code)
        key = self.home.keyring(uri)
        at = self.now - STATE_BEFORE
        institution = accrediting.accredit(
            origin=self.home.log.origin,
            ministry=self.home.ministry,
            code=one.code,
            names=[Name(vi=one.name_vi, en=one.name_en, valid_from="2000-01-01")],
            identifiers={},
            key=accrediting.NewKey(
                jwk=key.jwk,
                holder=one.name_vi,
                uri=uri,
                certificate=diploma_pdf.self_signed_certificate(
                    key, name=one.name_vi, serial=secrets.randbits(120) | 1, valid_from=at
                ),
            ),
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
            by=officer,
            now=at,
        )
        users = {}
        for role in ("preparer", "approver"):
            name = f"{'lap' if role == 'preparer' else 'duyet'}.{one.code.lower()}"
            users[role] = founding.enrol(
                username=name, password=self._password(name), institution=institution, role=role, by=officer, now=at
            )
        self.people[one.code] = _People(users["preparer"], users["approver"])
        _say(f"{one.code} · {one.name_vi}: {len(one.programmes)} ngành · programmes")

    def _password(self, username: str) -> str:
        return self.passwords.setdefault(username, secrets.token_urlsafe(9))

    def _keep_passwords(self) -> None:
        path = self.home.folder / "keys" / "people.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(self.passwords, indent=1) + "\n")

    def _load_people(self) -> None:
        from sogoc.services import access

        self.passwords = json.loads((self.home.folder / "keys" / "people.json").read_text())
        for one in sample.INSTITUTIONS:
            names = (f"lap.{one.code.lower()}", f"duyet.{one.code.lower()}")
            preparer, approver = (access.authenticate(name, self.passwords[name]) for name in names)
            self.people[one.code] = _People(preparer, approver)

    # -- registrar and approver -------------------------------------------------------------------------------------

    def _take_in(self, batch: SampleBatch, path: Path, now: datetime) -> Any:
        from sogoc.register import queries
        from sogoc.services import importing
        from sogoc.services.batches import Decision

        return importing.take_in(
            importing.File(name=path.name, content=path.read_bytes(), sheets=tuple(read_table(path))),
            institution=queries.institution(batch.institution.code),
            schema=BY_KIND[batch.institution.kind],
            level=batch.institution.level,
            decision=Decision(
                number=batch.decision_number,
                decided_on=batch.decided_on.isoformat(),
                total=batch.rows,
                awarded_on=batch.awarded_on.isoformat(),
            ),
            given=batch.defaults,
            encrypt=self.home.box.encrypt,
            randomness=secrets.token_bytes,
            by=self.people[batch.institution.code].preparer,
            now=now,
        )

    def _refuse_faulty(self, samples: SampleSet) -> None:
        clean = samples.batch(sample.SCHOOL.code)
        twin = sample.seed_faults(clean, clean.path.with_stem(clean.path.stem + "-co-loi"), seed=self.seed)
        read, batch = self._take_in(clean, twin.path, self.now)
        if batch is not None:
            raise WrongState("a file with faults was taken in")
        for problem in read.problems[:5]:
            _say(f"{twin.path.name} {problem.sheet}!{problem.cell} [{problem.rule}] {problem.vi} → {problem.mend_vi}")
        _say(
            f"{len(read.problems)} lỗi · problems ({len(twin.faults)} được gài · seeded); không dòng nào vào sổ · nothing taken in"
        )

    def _refuse_unlicensed(self, samples: SampleSet) -> None:
        from sogoc.services import batches

        unlicensed = samples.unlicensed
        _, batch = self._take_in(unlicensed, unlicensed.path, self.now)
        try:
            batches.submit(batch=batch, by=self.people[unlicensed.institution.code].preparer, now=self.now)
        except GateRefused as refusal:
            _say(f"[{refusal.rule}] {refusal.vi}")
            _say(f"{refusal.legal_basis}")
            return
        raise WrongState("the gate let an unlicensed programme pass")

    def _issue(self, lists: Sequence[SampleBatch], *, now: datetime, show_four_eyes: bool = False) -> Batch:
        from sogoc.services import batches, issuing

        batch: Batch | None = None
        for one in lists:
            people = self.people[one.institution.code]
            read, batch = self._take_in(one, one.path, now)
            batches.submit(batch=batch, by=people.preparer, now=now)
            if show_four_eyes:
                self._refuse_own_approval(batch, people)
                show_four_eyes = False
            batches.approve(batch=batch, by=people.approver, now=now)
            _say(
                f"{one.path.name}: {len(read.rows)} dòng · rows, {people.preparer} lập · prepared, {people.approver} duyệt · approved"
            )
        began = time.monotonic()
        head, problems = issuing.advance(
            self.home.log, keyring=self.home.keyring, randomness=secrets.token_bytes, now=now
        )
        if problems or head is None or batch is None:
            raise problems[0] if problems else WrongState("nothing was published")
        count = sum(one.rows for one in lists)
        _say(
            f"{count} văn bằng ký, vào nhật ký, công bố · signed, logged, published in {time.monotonic() - began:.1f} s; nhật ký có {head.size} mục"
        )
        batch.refresh_from_db()
        return batch

    def _refuse_own_approval(self, batch: Batch, people: _People) -> None:
        from sogoc.register.models import Membership
        from sogoc.services import batches

        Membership.objects.create(user=people.preparer, institution=batch.institution, role="approver")
        try:
            batches.approve(batch=batch, by=people.preparer, now=self.now)
        except FourEyes as refusal:
            _say(f"[{refusal.code}] {refusal.vi} · {refusal.en}")
            return
        raise WrongState("a preparer approved her own batch")

    def _rows(self, batch: Batch) -> list[Row]:
        from sogoc.register import queries

        return list(queries.rows_of(batch))

    def _supplement(self) -> SampleBatch:
        from sogoc.register.models import Batch

        number = Batch.objects.count()
        return sample.make_supplement(self.output / "registers", seed=self.seed, today=self.now.date(), number=number)

    def _finish(self) -> None:
        """Do what a stop left undone."""
        from sogoc.services import issuing

        issuing.advance(self.home.log, keyring=self.home.keyring, randomness=secrets.token_bytes, now=self.now)

    def _revoke(self, row: Row) -> None:
        from sogoc.register import queries
        from sogoc.services import acting, sequencing

        logged = row.entry
        if logged is None:
            raise WrongState("the diploma is not logged")
        acting.change_status(
            act="revoke",
            logged=queries.entry_at(logged.index or 0),
            decision=acting.ActDecision(
                number="77/QĐ-TTMN", on=self.now.date().isoformat(), salt=secrets.token_bytes(16)
            ),
            wording="by-decision",
            act_id=b64(secrets.token_bytes(16)),
            keyring=self.home.keyring,
            by=self.people[row.institution.code].approver,
            now=self.now,
        )
        head = sequencing.sequence(self.home.log, now=self.now)
        _say(f"vị trí · log index {logged.index}; nhật ký có {head.size if head else 0} mục")

    # -- chain and verifier -------------------------------------------------------------------------------------------

    def _anchor(self) -> None:
        from sogoc.services import anchoring

        chain = self.home.chain()
        one = anchoring.anchor(chain, now=self.now)
        if one is None:
            raise WrongState("there is nothing to anchor")
        self._mine()
        one = anchoring.wait(chain, one, pause=_pauses(20))
        _say(f"mốc · anchor {one.sequence}: cỡ · size {one.size}, khối · block {one.block_number}")

    def _mine(self) -> None:
        """Let blocks come on the embedded chain, which makes none by itself: on a real one this is only waiting."""
        node = node_anvil.attach(self.home.folder / "chain")
        if node is not None:
            node.mine(2)

    def _observe(self, previous: Policy | None = None) -> Policy:
        from sogoc.services import observing

        own = self.home.policy()
        kept = previous.anchors if previous is not None and previous.origin == own.origin else ()
        policy = replace(own, anchors=kept)
        chains = [wiring.observing_chain(pinned, policy.origin) for pinned in policy.chains]
        policy = observing.observe(policy, chains, now=self.now)
        policy = observing.remember_state(policy, self.home.log.public)
        (self.output / "trust.json").write_bytes(policy.encode())
        (self.home.folder / "trust.json").write_bytes(policy.encode())
        _say(f"trust.json: {len(policy.anchors)} mốc tự quan sát · anchors observed")
        return policy

    def _look_again(self) -> None:
        """Compare what the archive remembers with what the chain holds now, and anchor again what a crash lost."""
        from sogoc.register.models import Anchor
        from sogoc.services import anchoring

        before = set(Anchor.objects.filter(block_number__isnull=False).values_list("size", flat=True))
        events = anchoring.look(self.home.chain())
        lost = before - {event.size for event in events}
        _say(
            f"{len(events)} mốc còn trên chuỗi · anchors on the chain"
            + (f"; mất · lost: {sorted(lost)}" if lost else "")
        )
        if lost:
            self._anchor()

    # -- files ----------------------------------------------------------------------------------------------------------

    def _counter(self) -> Counter:
        from sogoc.services.delivery import Counter

        return Counter(self.home.log)

    def _write_files(self, rows: list[Row], old_rows: list[Row], old: Fresh, policy: Policy) -> None:
        from sogoc.register.records import record_of
        from sogoc.services import delivery

        counter = self._counter()
        home = self.home
        good, changed, revoked = (
            rows[0],
            next(row for row in rows if record_of(row)["classification"] == "Khá"),
            rows[7],
        )
        genuine = delivery.diploma(row=good, counter=counter, printer=home.printer, keyring=home.keyring, now=self.now)
        self._put("valid.pdf", genuine.pdf)
        self._put("valid.json", genuine.evidence)
        self._put("revoked.json", counter.evidence(revoked).encode())
        stale = counter.evidence(old_rows[0])
        self._put("stale.json", Evidence(lasting=stale.lasting, fresh=old).encode())
        forged_key = FileKey.create(home.folder / "keys" / "forger.pem", home.passphrase)
        record = dict(record_of(good)) | {"classification": "Xuất sắc"}
        self._put(
            "forged.json",
            forger.whole_archive(record, key=forged_key, randomness=secrets.token_bytes, now=self.now).encode(),
        )
        better = forger.better_grade(counter.evidence(changed).encode(), name="classification", value="Giỏi")
        self._put("changed.pdf", self._forged_print(changed, better, forged_key))
        self._put("fresh.json", counter.pack().encode())

    def _forged_print(self, row: Row, evidence: bytes, key: FileKey) -> bytes:
        from sogoc.register.records import record_of

        schema = BY_KIND[row.kind]
        face = {name: value for name, value in record_of(row).items() if name in schema.face}
        pdf = diploma_pdf.render(
            face | {"classification": "Giỏi"},
            verify_url=f"https://{self.home.log.origin.split('/')[0]}/v/{row.identifier.replace('-', '')}",
            evidence=evidence,
            trial=True,
            created_at=self.now,
        )
        certificate = diploma_pdf.self_signed_certificate(
            key, name=row.institution.code, serial=secrets.randbits(120) | 1, valid_from=self.now
        )
        return diploma_pdf.sign(pdf, signer=key, certificate=certificate, signed_at=self.now)

    def _put(self, name: str, content: bytes) -> None:
        (self.output / name).write_bytes(content)

    # -- verifying ------------------------------------------------------------------------------------------------------

    def _verify_all(self, policy: Policy) -> None:
        expected = {
            "valid.pdf": Verdict.VALID,
            "valid.json": Verdict.VALID,
            "changed.pdf": Verdict.TAMPERED,
            "revoked.json": Verdict.REVOKED,
            "forged.json": Verdict.UNKNOWN_ISSUER,
            "stale.json": Verdict.INCONCLUSIVE,
        }
        for name, verdict in expected.items():
            report = self._verify(name, policy)
            self.results.append((name, report))
            if report.verdict is not verdict:
                raise WrongState(f"{name} is {report.verdict}, expected {verdict}")
        self._show_results()

    def _verify_again(self, policy: Policy) -> None:
        from sogoc.core import evidence

        fresh = self._counter().pack()
        self._put("fresh.json", fresh.encode())
        for name in ("valid.pdf", "valid.json", "revoked.json"):
            self.results.append((name, self._verify(name, policy, fresh=evidence.parse_fresh(fresh.encode()))))
        self._show_results()

    def _verify(self, name: str, policy: Policy, fresh: Fresh | None = None) -> Report:
        content = (self.output / name).read_bytes()
        if not name.endswith(".pdf"):
            return verify_bytes(content, policy, self.now, fresh=fresh)
        pdf = read_pdf(content)
        page = PrintedPage(state=pdf.signature.state, signer=pdf.signature.signer_jwk)
        return verify_bytes(pdf.evidence or b"", policy, self.now, fresh=fresh, page=page)

    def _show_results(self) -> None:
        table = Table(box=None, padding=(0, 2))
        for column in ("Tệp · File", "Kết luận · Verdict", "", "Các bước · Steps", "Mã thoát · Exit"):
            table.add_column(column)
        for name, report in self.results:
            en, vi = LABELS[report.verdict]
            steps = "".join("✓" if check.passed else "✗" if check.ran else "–" for check in report.checks)
            colour = {0: "green", 6: "yellow"}.get(report.exit_code, "red")
            table.add_row(name, Text(vi, style=colour), Text(en, style="dim"), steps, str(report.exit_code))
        console.print(table)

    def say_what_next(self) -> None:
        out, home = _short(self.output), _short(self.home.folder)
        time_ = write_time(self.now)
        fresh = f"--fresh {out}/fresh.json " if self.resumed else ""  # the PDF's own fresh half is older by now
        settings = f"--home {home} " if home != ".sogoc" else ""
        lines = (
            ("Văn bằng · Diploma", f"{out}/valid.pdf"),
            ("Tệp công khai · Public files", f"{out}/log/"),
            ("Trạng thái kho · Archive", f"{home}/  (mật khẩu · passwords: {home}/keys/people.json)"),
            ("Kiểm tra · Verify", f"sogoc verify {out}/valid.pdf --trust {out}/trust.json {fresh}--now {time_}"),
            ("Kiểm tra nhật ký · Check the log", f"sogoc {settings}log fsck"),
            ("Trang công khai · Public page", f"sogoc {settings}serve"),
            ("Đi tiếp · Go on", "make demo ARGS=--resume"),
            ("Dừng chuỗi khối · Stop the chain", f"sogoc {settings}node stop"),
        )
        table = Table.grid(padding=(0, 2))
        for label, said in lines:
            table.add_row(Text(label, style="dim"), Text(said, overflow="fold"))
        console.print(table)


def _is_trial(home: Home) -> bool:
    return home.settings.trial


@contextmanager
def _phase(vi: str, en: str) -> Iterator[None]:
    console.print()
    console.print(Text("● ", style="bold blue").append(vi, style="bold").append(f" · {en}", style="dim"))
    began = time.monotonic()
    yield
    console.print(Text(f"  {time.monotonic() - began:.1f} s", style="dim"))


def _say(text: str) -> None:
    console.print(Text(f"  {text}"), soft_wrap=True)


def _pauses(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds

    def pause() -> bool:
        time.sleep(0.05)
        return time.monotonic() < end

    return pause


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
