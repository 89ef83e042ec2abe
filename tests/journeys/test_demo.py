"""The demo as a newcomer runs it, and what its files must answer: offline, without Django, and when somebody changes them."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from sogoc.adapters import diploma_pdf, node_anvil
from sogoc.adapters.memory import MemoryKey
from sogoc.adapters.pdf_child import read_here
from sogoc.core import trust
from sogoc.core.entry import read_time
from sogoc.core.report import Verdict
from sogoc.core.trust import Policy
from sogoc.core.verify import PrintedPage, verify_bytes
from sogoc.errors import MalformedError


class Demo:
    """One run of `sogoc demo` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.output = folder / "demo-output"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("SOGOC_")}

    def sogoc(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "sogoc", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    def told(self, *words: str) -> str:
        done = self.sogoc(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @property
    def year(self) -> str:
        """The calendar year in which the demo's diplomas were awarded."""
        found = re.search(r";([0-9]{4})/SG/", (self.output / "registers/dai-hoc-song-gianh.csv").read_text())
        assert found is not None
        return found[1]

    @property
    def policy(self) -> Policy:
        return trust.parse((self.output / "trust.json").read_bytes())


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    one = Demo(tmp_path_factory.mktemp("demo"))
    try:
        one.told("demo")
        # What follows verifies as of the demo's own time, and some tests go on with the archive: keep its first files.
        shutil.copytree(one.output, one.folder / "first")
        yield one
    finally:
        node_anvil.stop(one.folder / ".sogoc" / "chain")


@pytest.fixture(scope="module")
def now(demo: Demo) -> str:
    evidence = json.loads((demo.folder / "first" / "valid.json").read_text())
    state = json.loads(evidence["fresh"]["state"]["entry"])
    return str(state["time"])


@pytest.fixture(scope="module")
def first_policy(demo: Demo) -> Policy:
    return trust.parse((demo.folder / "first" / "trust.json").read_bytes())


@pytest.mark.parametrize(
    ("name", "code", "verdict"),
    [
        ("valid.pdf", 0, "valid"),
        ("valid.json", 0, "valid"),
        ("changed.pdf", 4, "tampered"),
        ("revoked.json", 3, "revoked"),
        ("forged.json", 4, "unknown_issuer"),
        ("stale.json", 6, "inconclusive"),
        ("trust.json", 2, "unreadable"),
    ],
)
def test_each_file_has_its_verdict_and_exit_code_without_any_network(
    demo: Demo, now: str, name: str, code: int, verdict: str
) -> None:
    words = ["verify", f"first/{name}", "--trust", "first/trust.json", "--now", now, "--json"]
    done = subprocess.run(
        ["unshare", "-r", "-n", sys.executable, "-m", "sogoc", *words],
        cwd=demo.folder,
        env=demo.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    report = json.loads(done.stdout)
    assert (done.returncode, report["verdict"], report["trial"]) == (code, verdict, name != "trust.json")
    if verdict == "valid":
        assert [check["outcome"] for check in report["checks"]] == ["passed"] * 8


def test_a_day_later_the_status_is_too_old_and_says_so(demo: Demo) -> None:
    done = demo.sogoc(
        "verify", "first/valid.pdf", "--trust", "first/trust.json", "--now", "2099-01-01T00:00:00Z", "--json"
    )
    assert done.returncode == 6
    assert "stale" in done.stdout


def _verdict_of_pdf(pdf: bytes, policy: Policy, at: datetime) -> Verdict:
    try:
        read = read_here(pdf)
    except MalformedError:
        return Verdict.UNREADABLE
    page = PrintedPage(state=read.signature.state, signer=read.signature.signer_jwk)
    return verify_bytes(read.evidence or b"", policy, at, page=page).verdict


def test_500_byte_flips_in_the_attached_evidence_are_never_valid(demo: Demo, now: str, first_policy: Policy) -> None:
    """Flips in the evidence itself, printed and signed again as a forger would: the attachment alone must give it away."""
    randomness, at = random.Random(500), read_time(now)
    evidence = (demo.folder / "first" / "valid.json").read_bytes()
    intact = PrintedPage(state="intact", signer=_issuer_key(evidence))
    assert verify_bytes(evidence, first_policy, at, page=intact).verdict is Verdict.VALID
    for _ in range(500):
        place = randomness.randrange(len(evidence))
        changed = bytearray(evidence)
        changed[place] ^= 1 << randomness.randrange(8)
        report = verify_bytes(bytes(changed), first_policy, at, page=intact)
        if report.verdict is Verdict.VALID:
            assert _same_meaning(evidence, bytes(changed)), f"byte {place} changed and nobody noticed"


def test_500_byte_flips_in_the_attachment_of_the_pdf_are_never_valid(
    demo: Demo, now: str, first_policy: Policy
) -> None:
    randomness, at = random.Random(501), read_time(now)
    pdf = (demo.folder / "first" / "valid.pdf").read_bytes()
    assert _verdict_of_pdf(pdf, first_policy, at) is Verdict.VALID
    start = pdf.index(b"stream", pdf.index(b"/EmbeddedFile"))
    end = pdf.index(b"endstream", start)
    assert end - start > 1000
    for _ in range(500):
        changed = bytearray(pdf)
        changed[randomness.randrange(start, end)] ^= 1 << randomness.randrange(8)
        assert _verdict_of_pdf(bytes(changed), first_policy, at) is not Verdict.VALID


def test_another_name_printed_around_genuine_evidence_is_never_clean(
    demo: Demo, now: str, first_policy: Policy
) -> None:
    evidence = (demo.folder / "first" / "valid.json").read_bytes()
    report = verify_bytes(evidence, first_policy, read_time(now))
    schema_face = dict(report.claims) | {"holder_name": "Nguyễn Văn Giả"}
    pdf = diploma_pdf.render(
        schema_face,
        verify_url="https://trial.sogoc.example/v/" + report.claims["identifier"].replace("-", ""),
        evidence=evidence,
        trial=True,
        created_at=read_time(now),
    )
    assert _verdict_of_pdf(pdf, first_policy, read_time(now)) is Verdict.INCONCLUSIVE
    key = MemoryKey()
    certificate = diploma_pdf.self_signed_certificate(key, name="forger", serial=7, valid_from=read_time(now))
    signed = diploma_pdf.sign(pdf, signer=key, certificate=certificate, signed_at=read_time(now))
    assert _verdict_of_pdf(signed, first_policy, read_time(now)) is Verdict.INCONCLUSIVE


def test_the_books_go_out_and_agree_with_what_comes_back(demo: Demo) -> None:
    passwords = json.loads((demo.folder / ".sogoc/keys/people.json").read_text())
    demo.environment["SOGOC_PASSWORD"] = passwords["lap.dhsg01"]
    which = ("--institution", "DHSG01", "--year", demo.year, "--level", "bachelor", "--by", "lap.dhsg01")
    try:
        for name in ("so-goc.pdf", "so-goc.xlsx"):
            demo.told("book", "register", *which, "--to", name)
        demo.told("book", "appendix", *which, "--to", "phu-luc.pdf")
        demo.told("book", "copies", *which[:4], "--by", "lap.dhsg01", "--to", "so-cap-ban-sao.pdf")
        refused = demo.sogoc("exchange", "export", *which, "--to", "quoc-gia.jsonl", "--json")
        assert refused.returncode == 1
        assert {fault["rule"] for fault in json.loads(refused.stdout)["faults"]} == {"missing"}
        assert list(demo.folder.glob("quoc-gia*")) == []
        demo.sogoc("exchange", "export", *which, "--to", "quoc-gia.jsonl", "--incomplete")
        both = ("--paper", "so-goc.xlsx", "--national", "quoc-gia.jsonl")
        found = json.loads(demo.told("reconcile", *which, *both, "--json"))
        assert found["findings"] == []
        assert found["agreed"] == found["counted"]["paper"] == found["counted"]["national"] > 500
        national = demo.folder / "quoc-gia.jsonl"
        lines = national.read_text().splitlines(keepends=True)
        national.write_text("".join(lines[1:]))
        worse = demo.sogoc("reconcile", *which, *both, "--to", "doi-chieu.xlsx", "--json")
        assert worse.returncode == 1
        assert json.loads(worse.stdout)["tally"]["missing"] == 1
        assert (demo.folder / "doi-chieu.xlsx").exists()
        demo.told("exchange", "read", "quoc-gia.jsonl", "--kind", "degree", "--to", "nhap.xlsx")
    finally:
        del demo.environment["SOGOC_PASSWORD"]


def test_the_archive_goes_on_after_everything_stopped(demo: Demo, now: str) -> None:
    demo.told("node", "stop")
    told = demo.told("demo", "--resume")
    assert "Thêm một đợt cấp" in told
    fsck = json.loads(demo.told("log", "fsck", "--json"))
    assert fsck["clean"], fsck
    assert (fsck["acts"]["issue"], fsck["anchors_compared"], fsck["chain"]) == (1224, 3, "compared")
    words = ("--trust", "demo-output/trust.json", "--fresh", "demo-output/fresh.json", "--json")
    for name, code in (("valid.pdf", 0), ("revoked.json", 3), ("changed.pdf", 4)):
        done = demo.sogoc("verify", f"demo-output/{name}", *words)
        assert done.returncode == code, done.stdout
    # An old file brings an old state; this verifier has seen a later one by now.
    assert demo.sogoc("verify", "demo-output/valid.pdf", *words[:2], "--json").returncode == 6


def test_the_desk_of_a_registrar(demo: Demo, now: str) -> None:
    """A copy, a search, what is due, who waits to be told, a recall of two: as docs/how-to shows them."""
    passwords = json.loads((demo.folder / ".sogoc/keys/people.json").read_text())
    demo.environment |= {"SOGOC_PASSWORD": passwords["lap.dhsg01"], "SOGOC_PREPARER_PASSWORD": passwords["lap.dhsg01"]}
    try:
        register = (demo.output / "registers/dai-hoc-song-gianh.csv").read_text(encoding="utf-8-sig").splitlines()[1:]
        (name, *_), serials = (
            [line.split(";")[1] for line in register], [re.findall(r"SG[0-9]{6}", line)[0] for line in register]
        )  # fmt: skip
        ours = ("--institution", "DHSG01", "--by", "lap.dhsg01", "--json")

        asked = json.loads(demo.told("copy", "request", "--serial", serials[0], "--recipient", "Y Mẫu", *ours))
        assert [one["request"] for one in json.loads(demo.told("copy", "list", *ours))["requests"]] == [
            asked["request"]
        ]
        due = json.loads(demo.sogoc("deadlines", *ours).stdout)["deadlines"]
        assert ("copy", asked["due_on"]) in {(one["what"], one["due_on"]) for one in due}
        issued = json.loads(demo.told("copy", "issue", str(asked["request"]), "--by", "lap.dhsg01", "--json"))
        assert issued["number"].startswith("1/")
        lost = json.loads(demo.told("copy", "request", "--not-found", "--recipient", "Y Mẫu", *ours))
        assert demo.sogoc("copy", "issue", str(lost["request"]), "--by", "lap.dhsg01").returncode == 1
        demo.told("copy", "refuse", str(lost["request"]), "--reason", "Không có trong sổ gốc", "--by", "lap.dhsg01")

        found = json.loads(demo.told("find", "--for", "holder", "--name", name.upper(), "--year", demo.year, *ours))
        assert serials[0] in {one["serial_number"] for one in found["records"]}
        assert demo.sogoc("find", "--for", "holder", "--name", name, *ours).returncode == 1

        (demo.folder / "list.txt").write_text("\n".join([*serials[1:3], "SG000000"]))
        demo.environment["SOGOC_PASSWORD"] = passwords["duyet.dhsg01"]
        recall = (
            "recall", "list.txt", "--institution", "DHSG01", "--decision", "193/HS-ST", "--on", now[:10], "--ground",
            "ineligible", "--judgment", "--prepared-by", "lap.dhsg01", "--by", "duyet.dhsg01", "--json",
        )  # fmt: skip
        checked = demo.sogoc(*recall, "--check")
        assert checked.returncode == 1
        assert json.loads(checked.stdout)["exceptions"] == [{"line": "SG000000", "why": "unknown"}]
        assert demo.sogoc(*recall).returncode == 1
        for logged in (2, 0):
            assert json.loads(demo.told(*recall, "--leave-out", "SG000000"))["logged"] == logged

        demo.environment["SOGOC_PASSWORD"] = passwords["lap.dhsg01"]
        waiting = json.loads(demo.told("notice", "list", *ours))["notices"]
        assert [one["recipient"] for one in waiting].count("holder") == 2
        demo.told("notice", "sent", str(waiting[0]["number"]), "--by", "lap.dhsg01")
        assert len(json.loads(demo.told("notice", "list", *ours))["notices"]) == len(waiting) - 1
    finally:
        for variable in ("SOGOC_PASSWORD", "SOGOC_PREPARER_PASSWORD"):
            del demo.environment[variable]


def test_a_lost_anchor_is_made_again(demo: Demo) -> None:
    """The chain forgets its newest blocks, as a killed node does; the next run notices and anchors again."""
    node = node_anvil.attach(demo.folder / ".sogoc" / "chain")
    assert node is not None
    state = demo.folder / ".sogoc" / "chain"
    demo.told("node", "stop")
    saved = demo.folder / "chain-before"
    shutil.copytree(state, saved)
    demo.told("node", "start")
    demo.told("publish", "--state")
    demo.told("anchor", "--wait", "0")
    size = json.loads(demo.told("log", "show", "--json"))["size"]
    demo.told("node", "stop")
    shutil.rmtree(state)
    saved.rename(state)
    told = demo.told("demo", "--resume")
    assert re.search(r"\d+ mốc còn trên chuỗi", told)
    fsck = json.loads(demo.told("log", "fsck", "--json"))
    assert fsck["clean"]
    assert fsck["size"] > size
    shown = json.loads(demo.told("log", "show", "--json"))
    assert shown["anchors_as_last_seen"][-1]["final"]


@pytest.mark.slow
def test_a_second_demo_is_another_archive(demo: Demo) -> None:
    origin = demo.policy.origin
    demo.told("demo")
    assert demo.policy.origin != origin
    old = demo.sogoc("verify", "first/valid.pdf", "--trust", "demo-output/trust.json", "--json")
    assert json.loads(old.stdout)["verdict"] == "unknown_issuer"


def _issuer_key(evidence: bytes) -> dict[str, str]:
    page = json.loads(json.loads(evidence)["fresh"]["authorities"][0]["page"])
    key: dict[str, str] = page["keys"][0]["jwk"]
    return key


def _same_meaning(one: bytes, other: bytes) -> bool:
    """A hint, an act or a link that nothing needed, or a space may change without changing what was verified."""

    def core(content: bytes) -> object:
        value = json.loads(content)
        value["lasting"].pop("anchor", None)
        value["fresh"].pop("acts", None)
        value["fresh"].pop("links", None)
        return value

    try:
        return core(one) == core(other)
    except ValueError:
        return False
