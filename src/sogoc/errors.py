"""Everything that can go wrong, as a person is told it: what, where and how to mend it, in both languages.

A message is never built from personal data: it may name a file, a sheet, a cell and a column, and a service adds the
value only where the reader is the person who typed it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


class SogocError(Exception):
    """The root of every error a caller may handle. `code` is stable and documented; `vi` and `en` are for people."""

    code = "sogoc"

    def __init__(self, en: str, vi: str | None = None, *, mend: str | None = None, mend_vi: str | None = None) -> None:
        super().__init__(en)
        self.en = en
        self.vi = vi if vi is not None else en
        self.mend = mend
        self.mend_vi = mend_vi if mend_vi is not None else mend

    def __str__(self) -> str:
        return self.en


class InputError(SogocError):
    """The caller sent something malformed."""

    code = "input"


class MalformedError(InputError):
    """A credential, note, proof, page or policy that does not parse, or not into exactly the bytes it came as."""

    code = "malformed"


class RecordError(InputError):
    """A record that breaks its schema. `field` names the offending field, never its value."""

    code = "record"

    def __init__(self, field: str, en: str, vi: str | None = None) -> None:
        super().__init__(f"{field}: {en}", f"{field}: {vi or en}")
        self.field = field


class VerificationError(SogocError):
    """Well-formed, and not true."""

    code = "false"


class SignatureError(VerificationError):
    """The named key did not sign these bytes."""

    code = "signature"


class ProofError(VerificationError):
    """The leaf is not under that root, or one tree is not a prefix of the other."""

    code = "proof"


class CheckpointError(VerificationError):
    """A checkpoint of another log, without a required signature, or smaller than one already seen."""

    code = "checkpoint"


class RuleError(SogocError):
    """The register forbids this step. `rule` is the identifier of the rule, `legal_basis` its source."""

    code = "rule"

    def __init__(
        self,
        en: str,
        vi: str | None = None,
        *,
        rule: str | None = None,
        legal_basis: str | None = None,
        mend: str | None = None,
        mend_vi: str | None = None,
    ) -> None:
        super().__init__(en, vi, mend=mend, mend_vi=mend_vi)
        self.rule = rule or self.code
        self.legal_basis = legal_basis


class NotAllowed(RuleError):
    """This person has no such role in this institution, or could not be authenticated."""

    code = "not-allowed"


class FourEyes(RuleError):
    """The person who prepared a batch may not approve it."""

    code = "four-eyes"


class WrongState(RuleError):
    """The thing exists, but not in the state this step begins from."""

    code = "wrong-state"


class Erased(WrongState):
    """What the register said of this person was destroyed by decision; number, place in the log and status stay."""

    code = "erased"

    def __init__(self, identifier: str) -> None:
        super().__init__(
            f"the record {identifier} was erased by decision: nothing can be built from it any more",
            f"hồ sơ {identifier} đã xóa theo quyết định: không thể lập lại gì từ hồ sơ này",
            mend="Copies that were handed out before are with those who hold them.",
            mend_vi="Bản đã giao trước đó thuộc về người đang giữ.",
        )


class AlreadyInRegister(RuleError):
    """A register number, a serial number or a file that is already there."""

    code = "already-in-register"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One rule of the gate that a batch breaks. `facts` are closed and say nothing of a person.

    `cells` are the first few rows that break it and `count` how many do; a rule about the whole batch has no cell.
    """

    rule: str
    en: str
    vi: str
    legal_basis: str
    overridable: bool
    mend: str
    mend_vi: str
    facts: Mapping[str, str | int] = field(default_factory=dict)
    cells: tuple[str, ...] = ()
    count: int = 0


class GateRefused(RuleError):
    """The gate did not let a batch pass to signing. `refusals` are all its reasons; the message is the first of them."""

    code = "gate"

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        first = refusals[0]
        super().__init__(
            first.en,
            first.vi,
            rule=first.rule,
            legal_basis=first.legal_basis,
            mend=first.mend,
            mend_vi=first.mend_vi,
        )
        self.refusals = tuple(refusals)


class ActRefused(RuleError):
    """The law does not let this be done to a diploma that was issued: another ground, a lost original, a copy of a revoked one."""

    code = "act-refused"


class NoRule(RuleError):
    """The data of the law has no row for what was asked on that day, or a calendar does not know the year."""

    code = "no-rule"

    def __init__(self, what: str, on: str) -> None:
        super().__init__(
            f"the rules of the law have no {what} on {on}",
            f"dữ liệu quy định của pháp luật không có {what} vào ngày {on}",
            mend="check the date; if the law has such a rule, add its row in core/law with its legal basis",
            mend_vi="hãy kiểm tra ngày; nếu pháp luật có quy định, hãy thêm dòng vào core/law kèm căn cứ pháp lý",
        )


class RecoveryNeeded(RuleError):
    """The lock, the published files or the chain are ahead of this database: it was restored from an old backup."""

    code = "recovery-needed"


class UnavailableError(SogocError):
    """Something outside failed and the step may be tried again. Never a reason to answer "invalid"."""

    code = "unavailable"


class KeyUnavailable(UnavailableError):
    """The key store is locked, unplugged or refused the passphrase."""

    code = "key-unavailable"


class StorageUnavailable(UnavailableError):
    """A file store did not confirm a write or a read."""

    code = "storage-unavailable"


class ChainUnavailable(UnavailableError):
    """The chain could not be asked, or its endpoints do not agree."""

    code = "chain-unavailable"


class LogForked(Exception):
    """The log contradicts itself: two roots for one size. Everything stops and an operator is called."""
