"""`sogoc verify`: is this diploma real? Offline, without Django, without a database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sogoc.core import evidence, trust
from sogoc.core.entry import read_time
from sogoc.core.evidence import Fresh
from sogoc.core.presented import unwrap
from sogoc.core.report import Finding, Report, Verdict, unchecked, unreadable
from sogoc.core.trust import Policy
from sogoc.core.verify import verify_bytes
from sogoc.errors import ChainUnavailable, InputError, MalformedError, UnavailableError

Observe = Callable[[Policy, datetime], Policy]
"""Asks the chains of a policy now, and returns it with what they hold."""

MAX_BYTES = 16 * 2**20
_WORTH_ASKING = (Verdict.VALID, Verdict.PENDING, Verdict.INCONCLUSIVE, Verdict.SUPERSEDED, Verdict.SUSPENDED)
_SIGNATURE = 1
"""Place of step 2 among the checks: without a signature that holds nobody is asked anything."""


def verify_file(
    file: Path,
    *,
    trust_file: Path,
    fresh_file: Path | None = None,
    now: str | None = None,
    observe: Observe | None = None,
) -> Report:
    """Verify one PDF, evidence file or SD-JWT against a pinned trust policy.

    Nothing leaves this machine unless `observe` is given: then the chains of the policy are asked, and only once the issuer's signature
    held offline, so a forged file never makes this machine call anybody. When they do not answer, the offline report stands, and says so.

    Raises: InputError for a file or time that cannot be read; MalformedError for a policy or a fresh half that is none.
    """
    policy = trust.parse(read_file(trust_file, trust.MAX_BYTES))
    fresh = evidence.parse_fresh(read_file(fresh_file, evidence.MAX_FRESH_BYTES)) if fresh_file else None
    at = _time(now)
    presented = read_file(file, MAX_BYTES)
    report = examine(presented, policy, at, fresh=fresh)
    if observe is None or report.verdict not in _WORTH_ASKING or not report.checks[_SIGNATURE].passed:
        return report
    try:
        seen = observe(policy, at)
    except ChainUnavailable as error:
        return replace(report, notes=(*report.notes, Finding(Verdict.VALID, "not-asked", error.en, error.vi)))
    return examine(presented, seen, at, fresh=fresh)


def examine(presented: bytes, policy: Policy, now: datetime, *, fresh: Fresh | None = None) -> Report:
    """Verify what somebody handed over, whatever it is. Never raises for what is presented."""
    from sogoc.adapters.pdf_reader import read_pdf

    try:
        content, page = unwrap(presented, read_pdf)
    except MalformedError as error:
        return unreadable(error.en, error.vi)
    except UnavailableError as error:
        return unchecked(error.en, error.vi)
    return verify_bytes(content, policy, now, fresh=fresh, page=page)


def read_file(path: Path, limit: int) -> bytes:
    """Return the content of a file of at most `limit` bytes. Raises: InputError."""
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", f"không đọc được {path}") from error
    if len(content) > limit:
        raise InputError(f"{path} is larger than {limit} bytes", f"{path} lớn hơn {limit} byte")
    return content


def _time(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC).replace(microsecond=0)
    try:
        return read_time(text)
    except MalformedError as error:
        raise InputError(
            f"{text} is not a time such as 2026-11-23T18:00:00Z",
            f"{text} không phải thời điểm dạng 2026-11-23T18:00:00Z",
        ) from error
