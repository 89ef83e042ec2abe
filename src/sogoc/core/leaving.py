"""An institution's own export: its whole register with evidence, checked by anybody, offline, under the checker's own policy.

The manifest names every file with its SHA-256 and is signed by the institution's key. Each line of the register carries record,
secret and the lasting half of its evidence; one fresh half serves all of them.

Spec: docs/spec/evidence.md ("A whole register")
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sogoc.core import canonical, commitment, evidence, jws
from sogoc.core import verify as verifying
from sogoc.core.authority import parse as parse_page
from sogoc.core.canonical import Json, b64, unb64
from sogoc.core.credentials import sd_jwt
from sogoc.core.entry import read_time, write_time
from sogoc.core.evidence import Fresh
from sogoc.core.report import Report
from sogoc.core.trust import Policy
from sogoc.errors import MalformedError, SignatureError, VerificationError

TYPE = "sogoc/export/v1"
TYP = "sogoc-export+jws"
REGISTER, FRESH, MANIFEST = "register.jsonl", "fresh.json", "manifest.json"
MAX_LINE = 4 * 2**20
MAX_MANIFEST = 1 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What an export holds. `files` are (name, size in bytes, SHA-256), `counts` says how many lines of what; `size` is the log's."""

    institution: str
    ordinal: int
    at: datetime
    size: int
    counts: Mapping[str, int]
    files: tuple[tuple[str, int, bytes], ...]
    signatures: tuple[jws.Signature, ...] = ()

    def body(self) -> dict[str, Json]:
        return {
            "type": TYPE,
            "counts": dict(self.counts),
            "exported_at": write_time(self.at),
            "files": [[name, size, b64(digest)] for name, size, digest in self.files],
            "institution": self.institution,
            "ordinal": self.ordinal,
            "size": self.size,
        }

    def prepare(self, jwk: Mapping[str, str], *, origin: str) -> jws.Unsigned:
        """Return what the institution's key `jwk` has to sign."""
        return jws.prepare(self.body(), jwk, origin=origin, typ=TYP)

    def encode(self) -> bytes:
        return canonical.encode(self.body() | {"signatures": [one.to_json() for one in self.signatures]})

    def verify(self, jwk: Mapping[str, str], *, origin: str) -> None:
        """Check that `jwk` signed this manifest. Raises: SignatureError."""
        kid = jws.thumbprint(jwk)
        for signature in self.signatures:
            if signature.kid == kid:
                jws.verify_statement(self.body(), signature, jwk, origin=origin, typ=TYP)
                return
        raise SignatureError("this key did not sign the manifest", "khóa này không ký danh mục")


def parse(presented: bytes) -> Manifest:
    """Read a manifest from exactly the bytes that were signed. Raises: MalformedError."""
    v = canonical.members(canonical.decode(presented, limit=MAX_MANIFEST), _MEMBERS)
    if v["type"] != TYPE or not isinstance(v["counts"], dict):
        raise MalformedError("is not the manifest of an export", "không phải danh mục xuất sổ gốc")
    return Manifest(
        institution=canonical.text(v["institution"], 20),
        ordinal=canonical.integer(v["ordinal"], 1),
        at=read_time(v["exported_at"]),
        size=canonical.integer(v["size"]),
        counts={name: canonical.integer(count) for name, count in v["counts"].items()},
        files=tuple(_file(one) for one in canonical.items(v["files"], 64)),
        signatures=jws.read_signatures(v["signatures"]),
    )


def _file(value: Json) -> tuple[str, int, bytes]:
    name, size, digest = canonical.items(value, 3)
    name = canonical.text(name, 100)
    if not name or "/" in name or name.startswith("."):
        raise MalformedError("a file of an export is named outside of its folder")
    return name, canonical.integer(size), unb64(digest, 32)


@dataclass(slots=True, kw_only=True)
class Checked:
    """What a check found: how many lines, how many of them were verified, with which verdicts, and what is wrong."""

    lines: int = 0
    verified: int = 0
    erased: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def check(
    manifest: Manifest, fresh: Fresh, register: Iterable[bytes], policy: Policy, *, now: datetime, every: int = 1
) -> Checked:
    """Hold the lines of an exported register against the log, and the manifest against the institution's page.

    Every `every`-th line is verified whole, all eight steps, and its record sealed again; the others are read and counted. A line is
    at fault when one of the steps 1 to 6 did not pass: what the log says of its status is told by its verdict and is no fault.
    """
    done = Checked()
    _check_signature(manifest, fresh, policy, done)
    last = -1
    for number, line in enumerate(register, start=1):
        done.lines += 1
        try:
            one = _Line.read(line, after=last)
            last = one.index
            if one.whole is None:
                done.erased += 1
            elif number % every == 0:
                done.verified += 1
                _verify(one.whole, manifest, fresh, policy, now, number, done)
        except (MalformedError, VerificationError) as error:
            done.faults.append(f"line {number}: {error.en}")
    for what, count in (("lines", done.lines), ("erased", done.erased)):
        if count != manifest.counts.get(what):
            done.faults.append(f"{count} {what}, the manifest says {manifest.counts.get(what)}")
    return done


@dataclass(frozen=True, slots=True)
class _Whole:
    record: Mapping[str, str]
    secret: bytes
    evidence: bytes


@dataclass(frozen=True, slots=True)
class _Line:
    index: int
    whole: _Whole | None

    @classmethod
    def read(cls, line: bytes, *, after: int) -> _Line:
        value = canonical.read(line, limit=MAX_LINE)
        if not isinstance(value, dict):
            raise MalformedError("is not a line of a register")
        index = canonical.integer(value.get("index"))
        if index <= after:
            raise MalformedError("the lines are not in the order of the log, or one stands twice")
        if "erased_at" in value:
            return cls(index, None)
        record = value.get("record")
        if not isinstance(record, dict) or not isinstance(value.get("evidence"), dict):
            raise MalformedError("has no record or no evidence")
        return cls(index, _Whole(record, unb64(value.get("secret"), 32), json.dumps(value["evidence"]).encode()))


def _verify(
    one: _Whole, manifest: Manifest, fresh: Fresh, policy: Policy, now: datetime, number: int, done: Checked
) -> None:
    parsed = evidence.parse(one.evidence)
    credential = sd_jwt.parse(parsed.lasting.credential)
    report: Report = verifying.verify(replace(parsed, fresh=None), credential, policy, now, fresh=fresh)
    done.verdicts[str(report.verdict)] += 1
    for step in report.checks[:6]:
        done.faults += [f"line {number}: step {step.step}: {finding.code}" for finding in step.findings]
        if not step.ran and not step.findings:
            done.faults.append(f"line {number}: step {step.step} was not run")
    if credential.institution != manifest.institution:
        done.faults.append(f"line {number}: of another institution")
    if commitment.seal(credential.schema, one.record, one.secret).commitment != credential.commitment:
        done.faults.append(f"line {number}: record and secret do not give what was logged")


def _check_signature(manifest: Manifest, fresh: Fresh, policy: Policy, done: Checked) -> None:
    """Check that a key in force on the institution's page, which the ministry signed, vouches for the whole export.

    That the page stands in the log is checked with each line.
    """
    for content, _ in fresh.authorities:
        page = parse_page(content)
        if (page.code, page.ordinal) == (manifest.institution, manifest.ordinal):
            try:
                trusted = page.verify(policy.ministry, origin=policy.origin) is not None
                kids = {signature.kid for signature in manifest.signatures}
                keys = [key for key in page.keys if key.kid in kids and key.until is None]
                if trusted and keys:
                    manifest.verify(keys[0].jwk, origin=policy.origin)
                    return
            except SignatureError as error:
                done.faults.append(f"manifest: {error.en}")
                return
    done.faults.append("manifest: not signed by a key that the ministry put in force for this institution")


def evidence_line(lasting: evidence.Lasting) -> dict[str, Json]:
    """Return the lasting half as a line of an export holds it."""
    value: dict[str, Json] = json.loads(evidence.Evidence(lasting=lasting).encode())
    return value


_MEMBERS = frozenset({"type", "counts", "exported_at", "files", "institution", "ordinal", "size", "signatures"})
