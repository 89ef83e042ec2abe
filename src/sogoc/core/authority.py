"""Authority pages: what the ministry says of one institution, its keys and what it may award.

Spec: docs/spec/entry.md ("Authority page")
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sogoc.core import canonical, jws
from sogoc.core.canonical import Json
from sogoc.core.record import CATEGORIES, LEVELS, MODES, is_full_date
from sogoc.errors import MalformedError

TYP = "sogoc-authority+jws"
TYPE = "sogoc/authority/v1"
MAX_BYTES = 262_144
ANY = "*"
_YEAR = re.compile(r"[12][0-9]{3}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWindow:
    """A key of the institution, which counts for entries at log indexes from `start` up to, without, `until`."""

    jwk: Mapping[str, str]
    holder: str
    start: int
    until: int | None = None

    @property
    def kid(self) -> str:
        return jws.thumbprint(self.jwk)

    def covers(self, index: int) -> bool:
        return self.start <= index and (self.until is None or index < self.until)

    def to_json(self) -> dict[str, Json]:
        value: dict[str, Json] = {"kid": self.kid, "jwk": dict(self.jwk), "holder": self.holder, "from": self.start}
        return value if self.until is None else value | {"until": self.until}


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """What the institution may award, on which award dates (both ends included), and by which legal act.

    `programme` and `mode` may be `*`. `name` is the name of the programme as a diploma must give it. `quotas` says for each
    intake, by its year, how many may be admitted; without it nothing is limited.
    """

    kind: str
    level: str
    programme: str
    mode: str
    valid_from: str
    valid_to: str | None = None
    legal_basis: str
    name: str | None = None
    quotas: Mapping[str, int] | None = None

    def covers(self, *, kind: str, level: str, programme: str, mode: str | None, on: str) -> bool:
        """Say whether this power holds on the award date `on`. With `mode` None any mode will do."""
        return (
            (self.kind, self.level) == (kind, level)
            and self.programme in (ANY, programme)
            and (mode is None or self.mode in (ANY, mode))
            and self.valid_from <= on
            and (self.valid_to is None or on <= self.valid_to)
        )

    def to_json(self) -> dict[str, Json]:
        value: dict[str, Json] = {
            "kind": self.kind,
            "level": self.level,
            "programme": self.programme,
            "mode": self.mode,
            "from": self.valid_from,
            "legal_basis": self.legal_basis,
        }
        if self.valid_to is not None:
            value["to"] = self.valid_to
        if self.name is not None:
            value["name"] = self.name
        return value if self.quotas is None else value | {"quotas": dict(self.quotas)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """The institution's name in Vietnamese and English in a period, both ends included."""

    vi: str
    en: str
    valid_from: str
    valid_to: str | None = None

    def covers(self, on: str) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)

    def to_json(self) -> dict[str, Json]:
        value: dict[str, Json] = {"vi": self.vi, "en": self.en, "from": self.valid_from}
        return value if self.valid_to is None else value | {"to": self.valid_to}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerTerm:
    """Who signs for the institution, in which office, and when.

    `assignment` is the number of the decision by which the head assigned a deputy to sign; the deputy's own office is printed.
    """

    name: str
    title: str
    valid_from: str
    valid_to: str | None = None
    assignment: str | None = None

    def covers(self, on: str) -> bool:
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)

    def to_json(self) -> dict[str, Json]:
        value: dict[str, Json] = {"name": self.name, "title": self.title, "from": self.valid_from}
        if self.assignment is not None:
            value["assignment"] = self.assignment
        return value if self.valid_to is None else value | {"to": self.valid_to}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The authority page of one institution. `category` is one of `record.CATEGORIES`; `custodian` is the ordinal of who holds
    its register now.
    """

    ordinal: int
    version: int
    code: str
    category: str
    names: tuple[Name, ...]
    identifiers: Mapping[str, str]
    keys: tuple[KeyWindow, ...]
    powers: tuple[Power, ...]
    signers: tuple[SignerTerm, ...]
    predecessors: tuple[int, ...] = ()
    successors: tuple[int, ...] = ()
    custodian: int
    signatures: tuple[jws.Signature, ...] = ()

    def body(self) -> dict[str, Json]:
        return {
            "type": TYPE,
            "ordinal": self.ordinal,
            "version": self.version,
            "code": self.code,
            "category": self.category,
            "names": [name.to_json() for name in self.names],
            "identifiers": dict(self.identifiers),
            "keys": [key.to_json() for key in self.keys],
            "powers": [power.to_json() for power in self.powers],
            "signers": [signer.to_json() for signer in self.signers],
            "predecessors": list(self.predecessors),
            "successors": list(self.successors),
            "custodian": self.custodian,
        }

    def encode(self) -> bytes:
        return canonical.encode(self.body() | {"signatures": [one.to_json() for one in self.signatures]})

    def named_on(self, on: str) -> Name | None:
        """Return the name that the institution bore on the date `on`: the last of several, which puts the others right."""
        return next((name for name in reversed(self.names) if name.covers(on)), None)

    @property
    def newest_name(self) -> Name | None:
        """The name that the institution bears, or bore last."""
        return max(self.names, key=lambda name: name.valid_from, default=None)

    def key(self, kid: str) -> KeyWindow | None:
        return next((key for key in self.keys if key.kid == kid), None)

    def verify(self, ministry: Sequence[Mapping[str, str]], *, origin: str) -> str | None:
        """Return the kid of the ministry key that signed this page, or None when no key of `ministry` did.

        Raises: SignatureError when a key of `ministry` is named and did not sign these bytes for this log.
        """
        for jwk in ministry:
            kid = jws.thumbprint(jwk)
            for signature in self.signatures:
                if signature.kid == kid:
                    jws.verify_statement(self.body(), signature, jwk, origin=origin, typ=TYP)
                    return kid
        return None

    def prepare(self, jwk: Mapping[str, str], *, origin: str) -> jws.Unsigned:
        """Return what the ministry's key `jwk` has to sign."""
        return jws.prepare(self.body(), jwk, origin=origin, typ=TYP)


def parse(presented: bytes) -> Page:
    """Read an authority page from exactly the bytes that were signed.

    Raises: MalformedError. Spec: docs/spec/entry.md.
    """
    v = canonical.members(canonical.decode(presented, limit=MAX_BYTES), _PAGE)
    if v["type"] != TYPE:
        raise MalformedError("is not an authority page")
    keys = tuple(_key(key) for key in canonical.items(v["keys"], 64))
    if len({key.kid for key in keys}) != len(keys):
        raise MalformedError("a page names one key twice")
    return Page(
        ordinal=canonical.integer(v["ordinal"], 1),
        version=canonical.integer(v["version"], 1),
        code=canonical.text(v["code"], 20),
        category=_category(v["category"]),
        names=_names(v["names"]),
        identifiers=_identifiers(v["identifiers"]),
        keys=keys,
        powers=_powers(v["powers"]),
        signers=_signers(v["signers"]),
        predecessors=_ordinals(v["predecessors"]),
        successors=_ordinals(v["successors"]),
        custodian=canonical.integer(v["custodian"], 1),
        signatures=jws.read_signatures(v["signatures"]),
    )


def read_parts(value: Json) -> dict[str, Any]:
    """Read what an officer may write of a page: any of category, names, identifiers, powers and signers, as on the page.

    Raises: MalformedError.
    """
    v = canonical.members(value, frozenset(), frozenset(_PARTS))
    return {name: _PARTS[name](v[name]) for name in _PARTS if name in v}


def check_succession(old: Page, new: Page) -> None:
    """Hold a new version of a page against the one before: no key, power, name or term dropped, no window
    widened, no quota of an intake changed or lifted by a power beside it, nothing permanent changed.

    Raises: MalformedError when the new page breaks a rule. Spec: docs/spec/entry.md.
    """
    if (new.ordinal, new.code, new.version) != (old.ordinal, old.code, old.version + 1):
        raise MalformedError("a page changes its ordinal or code, or leaves out a version")
    for before in old.keys:
        after = new.key(before.kid)
        if after is None or after.start < before.start:
            raise MalformedError("a page drops a key or widens its window")
        if before.until is not None and (after.until is None or after.until > before.until):
            raise MalformedError("a page widens the window of a key")
    for power in old.powers:
        kept = [one for one in new.powers if _continues(power, one) and _ends_no_later(power, one)]
        if not kept:
            raise MalformedError("a page drops or widens a power")
        if power.quotas is not None and any(
            all(_overlap(one, other) for one in kept)
            for other in new.powers
            if other not in kept and other not in old.powers and not any(_continues(one, other) for one in old.powers)
        ):
            raise MalformedError("a page lifts a quota by another power beside it")
    for name in old.names:
        if not any(
            (one.vi, one.valid_from) == (name.vi, name.valid_from) and _ends_no_later(name, one) for one in new.names
        ):
            raise MalformedError("a page drops a name or lengthens its time")
    for term in old.signers:
        if not any(replace(one, valid_to=term.valid_to) == term and _ends_no_later(term, one) for one in new.signers):
            raise MalformedError("a page drops the term of a signer or lengthens it")


def _ends_no_later(old: Power | Name | SignerTerm, new: Power | Name | SignerTerm) -> bool:
    return old.valid_to is None or (new.valid_to is not None and new.valid_to <= old.valid_to)


def _overlap(one: Power, other: Power) -> bool:
    """Whether something could be awarded under both powers."""
    return (
        (one.kind, one.level) == (other.kind, other.level)
        and (one.programme == other.programme or ANY in (one.programme, other.programme))
        and (one.mode == other.mode or ANY in (one.mode, other.mode))
        and (one.valid_to is None or other.valid_from <= one.valid_to)
        and (other.valid_to is None or one.valid_from <= other.valid_to)
    )


def _continues(old: Power, new: Power) -> bool:
    """Whether `new` is `old`, apart from its end, with the quotas of further intakes."""
    kept = old.quotas is None or (new.quotas is not None and old.quotas.items() <= new.quotas.items())
    return kept and replace(new, valid_to=old.valid_to, quotas=old.quotas) == old


def _category(value: Json) -> str:
    if value not in CATEGORIES:
        raise MalformedError("an institution is of no known category")
    return str(value)


def _optional_day(v: Mapping[str, Any], name: str) -> str | None:
    return _day(v[name]) if name in v else None


def _day(value: Json) -> str:
    if is_full_date(canonical.text(value, 10)) is not None:
        raise MalformedError("is not a date such as 2026-06-30")
    return str(value)


def _key(value: Json) -> KeyWindow:
    v = canonical.members(value, frozenset({"kid", "jwk", "holder", "from"}), frozenset({"until"}))
    key = KeyWindow(
        jwk=jws.read_jwk(v["jwk"]),
        holder=canonical.text(v["holder"], 250),
        start=canonical.integer(v["from"]),
        until=canonical.integer(v["until"]) if "until" in v else None,
    )
    if v["kid"] != key.kid:
        raise MalformedError("a kid is not the thumbprint of its key")
    return key


def _power(value: Json) -> Power:
    v = canonical.members(
        value,
        frozenset({"kind", "level", "programme", "mode", "from", "legal_basis"}),
        frozenset({"to", "name", "quotas"}),
    )
    if v["level"] not in LEVELS or v["mode"] not in (*MODES, ANY):
        raise MalformedError("a power is of no known level or mode")
    return Power(
        kind=canonical.text(v["kind"], 40),
        level=canonical.text(v["level"], 40),
        programme=canonical.text(v["programme"], 12),
        mode=canonical.text(v["mode"], 20),
        valid_from=_day(v["from"]),
        valid_to=_optional_day(v, "to"),
        legal_basis=canonical.text(v["legal_basis"], 250),
        name=canonical.text(v["name"], 250) if "name" in v else None,
        quotas=_quotas(v["quotas"]) if "quotas" in v else None,
    )


def _quotas(value: Json) -> dict[str, int]:
    if not isinstance(value, dict) or not value or len(value) > 64 or not all(map(_YEAR.fullmatch, value)):
        raise MalformedError("quotas are not numbers by the year of an intake")
    return {year: canonical.integer(count) for year, count in value.items()}


def _name(value: Json) -> Name:
    v = canonical.members(value, frozenset({"vi", "en", "from"}), frozenset({"to"}))
    return Name(
        vi=canonical.text(v["vi"], 250),
        en=canonical.text(v["en"], 250),
        valid_from=_day(v["from"]),
        valid_to=_optional_day(v, "to"),
    )


def _signer(value: Json) -> SignerTerm:
    v = canonical.members(value, frozenset({"name", "title", "from"}), frozenset({"to", "assignment"}))
    return SignerTerm(
        name=canonical.text(v["name"], 150),
        title=canonical.text(v["title"], 150),
        valid_from=_day(v["from"]),
        valid_to=_optional_day(v, "to"),
        assignment=canonical.text(v["assignment"], 100) if "assignment" in v else None,
    )


def _names(value: Json) -> tuple[Name, ...]:
    return tuple(_name(name) for name in canonical.items(value, 64))


def _identifiers(value: Json) -> dict[str, str]:
    if not isinstance(value, dict):
        raise MalformedError("identifiers are not an object")
    return {key: canonical.text(said, 250) for key, said in value.items()}


def _powers(value: Json) -> tuple[Power, ...]:
    return tuple(_power(power) for power in canonical.items(value, 4096))


def _signers(value: Json) -> tuple[SignerTerm, ...]:
    return tuple(_signer(signer) for signer in canonical.items(value, 256))


def _ordinals(value: Json) -> tuple[int, ...]:
    return tuple(canonical.integer(item, 1) for item in canonical.items(value, 256))


_PAGE = frozenset(
    {
        "type", "ordinal", "version", "code", "category", "names", "identifiers", "keys", "powers", "signers", "predecessors",
        "successors", "custodian", "signatures",
    }
)  # fmt: skip
_PARTS: Mapping[str, Callable[[Json], Any]] = {
    "category": _category, "names": _names, "identifiers": _identifiers, "powers": _powers, "signers": _signers,
}  # fmt: skip
"""What of a page an officer writes by hand, and how each part is read; the rest follows from what was done."""
