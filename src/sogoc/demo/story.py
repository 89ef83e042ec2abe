"""`sogoc demo`: the whole story in the terminal, on a real database, a real log and a real chain.

Nothing here is rehearsed: every line that it prints is the answer of the service or the verifier it names.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from sogoc import wiring
from sogoc.adapters import diploma_pdf, node_anvil
from sogoc.adapters.keys_file import FileKey
from sogoc.adapters.pdf_reader import read_pdf
from sogoc.core import evidence, trust
from sogoc.core.entry import write_time
from sogoc.core.evidence import Evidence, Fresh
from sogoc.core.presented import unwrap
from sogoc.core.record import BY_KIND
from sogoc.core.report import LABELS, Report, Verdict
from sogoc.core.trust import Policy
from sogoc.core.verify import verify_bytes
from sogoc.demo import forger, sample
from sogoc.demo.stage import STATE_BEFORE, Stage, console
from sogoc.errors import WrongState
from sogoc.wiring import Home

if TYPE_CHECKING:
    from sogoc.register.models import Row


def tell(*, home: Path, output: Path, seed: int, resume: bool) -> int:
    """Tell the story with a new archive, or go on with the last one; return the exit code. Raises: SogocError."""
    began = time.monotonic()
    story = _Story(home=home, output=output.resolve(), seed=seed)
    if resume:
        story.go_on()
    else:
        story.begin_anew()
    console.print()
    console.print(Text(f"Xong trong {time.monotonic() - began:.1f} s · done", style="bold green"))
    story.say_what_next()
    return 0


_GLYPHS = {"passed": "✓", "not_run": "–"}


class _Story:
    def __init__(self, *, home: Path, output: Path, seed: int) -> None:
        self.stage = Stage(home=Home(home), output=output, seed=seed)
        self.seed = seed
        self.output = output
        self.now = self.stage.now
        self.resumed = False
        self.results: list[tuple[str, Report]] = []

    # -- the two ways through ---------------------------------------------------------------------------------------

    def begin_anew(self) -> None:
        self.stage.clear()
        files = self.output / "registers"
        with _phase("Bộ lập kho lưu trữ, nhật ký và chuỗi khối", "the ministry founds archive, log and chain"):
            self.stage.found()
        with _phase("Bộ công nhận bốn cơ sở và khóa của họ", "the ministry accredits four institutions and their keys"):
            samples = sample.make_files(files, seed=self.seed, today=self.now.date())
            for institution in samples.institutions:
                self.stage.accredit(institution)
        self.stage.keep_passwords()
        with _phase(
            "Giáo vụ nộp tệp có lỗi: bị từ chối, nêu đúng từng ô", "a file with faults is refused, cell by cell"
        ):
            self.stage.refuse_faulty(samples)
        with _phase(
            "Ngành chưa được phép: cửa kiểm soát từ chối", "a programme without licence is refused at the gate"
        ):
            self.stage.refuse_unlicensed(samples)
        with _phase("Đợt đầu, ba ngày trước: nộp, người khác duyệt, ký, công bố", "the first list, three days ago"):
            school = samples.batch(sample.SCHOOL.code)
            first = self.stage.issue([school], now=self.now - STATE_BEFORE)
            self.stage.anchor()
            old = self.stage.counter().fresh(ordinals=[first.institution.ordinal], numbers=[0])
        with _phase("Hôm nay: ba đợt còn lại", "today: the other three lists"):
            rest = [batch for batch in samples.batches if batch is not school]
            last = self.stage.issue(rest, now=self.now, show_four_eyes=True)
            self.stage.leave_a_list()
        with _phase("Thu hồi một văn bằng theo quyết định", "one diploma is revoked by decision"):
            rows = self.stage.rows(last)
            self.stage.revoke(rows[7])
        with _phase("Ghi mốc lên chuỗi khối; người kiểm tra tự quan sát", "anchored; the verifier looks for himself"):
            self.stage.anchor()
            policy = self.stage.observe()
        with _phase(
            "In và ký văn bằng; tạo các tệp thật và giả", "print and sign; make the genuine and the false files"
        ):
            self._write_files(rows, self.stage.rows(first), old)
        with _phase("Kiểm tra ngoại tuyến từng tệp", "every file is verified offline"):
            self._verify_all(policy)

    def go_on(self) -> None:
        self.resumed = True
        settings = self.stage.home.settings
        with _phase("Mở lại kho lưu trữ", f"reopen {settings.origin}"):
            wiring.setup_django(self.stage.home.folder)
            wiring.migrate()
            node_anvil.start(self.stage.home.folder / "chain", chain_id=settings.chain_id)
            self.stage.load_people()
            self.stage.finish()
        with _phase("Chuỗi khối còn giữ các mốc cũ?", "does the chain still hold the old anchors?"):
            self.stage.look_again()
        with _phase("Thêm một đợt cấp", "one more list"):
            self.stage.issue([self.stage.supplement()], now=self.now)
            self.stage.anchor()
        with _phase("Văn bằng cũ vẫn kiểm tra được", "the old diplomas still verify"):
            policy = self.stage.observe(previous=trust.parse((self.output / "trust.json").read_bytes()))
            self._verify_again(policy)

    # -- files ----------------------------------------------------------------------------------------------------------

    def _write_files(self, rows: list[Row], old_rows: list[Row], old: Fresh) -> None:
        from sogoc.register.records import record_of
        from sogoc.services import delivery

        counter = self.stage.counter()
        home = self.stage.home
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
            verify_url=f"https://{self.stage.home.log.origin.split('/')[0]}/v/{row.identifier.replace('-', '')}",
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
        fresh = self.stage.counter().pack()
        self._put("fresh.json", fresh.encode())
        for name in ("valid.pdf", "valid.json", "revoked.json"):
            self.results.append((name, self._verify(name, policy, fresh=evidence.parse_fresh(fresh.encode()))))
        self._show_results()

    def _verify(self, name: str, policy: Policy, fresh: Fresh | None = None) -> Report:
        content, page = unwrap((self.output / name).read_bytes(), read_pdf)
        return verify_bytes(content, policy, self.now, fresh=fresh, page=page)

    def _show_results(self) -> None:
        table = Table(box=None, padding=(0, 2))
        for column in ("Tệp · File", "Kết luận · Verdict", "", "Các bước · Steps", "Mã thoát · Exit"):
            table.add_column(column)
        for name, report in self.results:
            en, vi = LABELS[report.verdict]
            steps = "".join(_GLYPHS.get(check.outcome, "✗") for check in report.checks)
            colour = {0: "green", 6: "yellow"}.get(report.exit_code, "red")
            table.add_row(name, Text(vi, style=colour), Text(en, style="dim"), steps, str(report.exit_code))
        console.print(table)

    def say_what_next(self) -> None:
        out, home = _short(self.output), _short(self.stage.home.folder)
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


@contextmanager
def _phase(vi: str, en: str) -> Iterator[None]:
    console.print()
    console.print(Text("● ", style="bold blue").append(vi, style="bold").append(f" · {en}", style="dim"))
    began = time.monotonic()
    yield
    console.print(Text(f"  {time.monotonic() - began:.1f} s", style="dim"))


def _short(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
