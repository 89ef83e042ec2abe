"""A country of institutions with a year's lists of graduates: what the benchmarks issue. Nobody in it is real.

Everything goes by the services that everybody uses; only the passwords of invented people are left out, because hashing them
is made to be slow.
"""

# ruff: noqa: PLC0415 - the tables are there once Django is set up
from __future__ import annotations

import csv
import io
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from benchmarks import intake as made
from sogoc import wiring
from sogoc.adapters import diploma_pdf
from sogoc.core.authority import Name, Power, SignerTerm
from sogoc.core.possession import KeyRequest
from sogoc.wiring import Home
from tests import postgres

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from sogoc.register.models import Institution

NOW = datetime(2026, 7, 1, 2, tzinfo=UTC)
DECIDED_ON, AWARDED_ON = "2026-06-12", "2026-06-19"
PROGRAMMES = (
    ("7480201", "Công nghệ thông tin"),
    ("7340101", "Quản trị kinh doanh"),
    ("7220201", "Ngôn ngữ Anh"),
    ("7580201", "Kỹ thuật xây dựng"),
    ("7720301", "Điều dưỡng"),
    ("7140209", "Sư phạm Toán học"),
)
HEADER = (*made.HEADER[:-1], "Ngày nhập học", "Ghi chú")
SETTINGS = {
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "lz4",
    "jit": "off",
}
"""Of PostgreSQL, beside its defaults: fsync, full_page_writes and synchronous_commit stay on."""


@contextmanager
def database(*, listen: tuple[str, str] | None = None) -> Iterator[str]:
    """A PostgreSQL cluster of our own with `SETTINGS`; its URL. It may also listen at an address, to a network."""
    with postgres.running() as cluster:
        if listen is not None:
            cluster.listen(*listen)
        with psycopg.connect(cluster.url(), autocommit=True) as connection:
            for name, value in SETTINGS.items():
                connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        cluster.stop()
        cluster.start()
        yield cluster.create("sogoc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """One institution, the two people who act for it, and how its serials begin."""

    institution: Institution
    preparer: User
    approver: User
    series: str


def found(folder: Path, *, chain: bool, public: str | None = None) -> Home:
    """A new trial archive in `folder`, on the database that SOGOC_DATABASE names; its public files lie beside it, or in `public`."""
    home = wiring.make_home(
        folder,
        origin=f"trial.sogoc.example/{secrets.token_hex(4)}",
        trial=True,
        public=public or folder.parent / "log",
    )
    wiring.setup_django(folder)
    wiring.migrate()
    from sogoc.services import founding

    officer = founding.found(
        log=home.log, places_key=secrets.token_bytes(32), officer="mot", password=secrets.token_hex(8),
        now=NOW - timedelta(days=9),
    )  # fmt: skip
    founding.enrol(
        username="hai", password=secrets.token_hex(8), institution=None, role="officer", by=officer,
        now=NOW - timedelta(days=9),
    )  # fmt: skip
    if chain:
        wiring.deploy_embedded(home)
    return home


def accredit(home: Home, number: int, *, blanks_of: int) -> Issuer:
    """Institution `number`, which may award six programmes, has two people and received `blanks_of` blanks."""
    from django.contrib.auth.models import User

    from sogoc.register.models import Membership
    from sogoc.services import accrediting, blanks

    code, name = f"DHM{number:03}", f"Đại học Mẫu số {number}"
    uri = home.make_key(code)
    key = home.keyring(uri)
    certificate = diploma_pdf.self_signed_certificate(
        key, name=name, serial=secrets.randbits(120) | 1, valid_from=NOW - timedelta(days=9)
    )
    request = KeyRequest(code=code, jwk=key.jwk, holder=name, uri=uri, certificate=certificate)
    mot, hai = (User.objects.get(username=one) for one in ("mot", "hai"))
    institution = accrediting.accredit(
        log=home.log,
        ministry=home.ministry,
        code=code,
        category="university",
        names=[Name(vi=name, en=f"Sample University {number}", valid_from="2000-01-01")],
        identifiers={},
        request=request.signed(key.sign, origin=home.log.origin),
        powers=[
            Power(
                kind="degree", level="bachelor", programme=programme, mode="full-time", name=title,
                valid_from="2015-01-01", legal_basis=f"Quyết định mở ngành (mẫu) {programme}",
            )
            for programme, title in PROGRAMMES
        ],
        signers=[SignerTerm(name="Đặng Quốc Thịnh", title="Hiệu trưởng", valid_from="2020-01-01")],
        by=mot,
        confirmed_by=hai,
        now=NOW - timedelta(days=9),
    )  # fmt: skip
    people = [User.objects.create(username=f"{role}.{code.lower()}") for role in ("lap", "duyet")]
    for user, role in zip(people, (Membership.Role.PREPARER, Membership.Role.APPROVER), strict=True):
        Membership.objects.create(user=user, institution=institution, role=role)
    series = f"M{number:03}A"
    blanks.receive(
        institution=institution, kind="degree", run=blanks.SerialRun.read(f"{series}000001", f"{series}{blanks_of:06}"),
        on="2026-06-01", by=people[0], now=NOW,
    )  # fmt: skip
    return Issuer(institution=institution, preparer=people[0], approver=people[1], series=series)


def list_of(series: str, first: int, count: int) -> bytes:
    """A list of graduates as CSV, with register numbers and serials from `first` on."""
    text = io.StringIO()
    write = csv.writer(text).writerow
    write(HEADER)
    for number in range(first, first + count):
        programme, title = PROGRAMMES[number % len(PROGRAMMES)]
        name = " ".join(
            (
                made.FAMILY[number % 10],
                made.MIDDLE[number // 10 % 10],
                made.MIDDLE[number // 100 % 10],
                made.GIVEN_NAME[number // 1000 % 14],
            )
        )
        write(
            (
                number, name, f"{number % 28 + 1:02}/{number // 28 % 12 + 1:02}/2003", made.PLACES[number % 8], "Nữ",
                "Kinh", "Việt Nam", f"001303{number:06}", f"2022{number:06}", title, programme, 2026, "Khá",
                f"{series}{number:06}", f"{number:06}/2026", "Chính quy", "05/09/2022", "",
            )
        )  # fmt: skip
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def take_in(home: Home, issuer: Issuer, *, first: int, count: int, content: bytes) -> object:
    """The registrar puts a list on the workbench and takes it into the register; return the draft."""
    from sogoc.core.intake import Choices
    from sogoc.services import workbench
    from sogoc.services.batches import Decision

    number = f"{first // count + 1}/QĐ-{issuer.institution.code}"
    decision = Decision(number=number, decided_on=DECIDED_ON, total=count, awarded_on=AWARDED_ON)
    given = {
        "title": "Bằng cử nhân",
        "issued_at": "Quảng Bình",
        "institution_name": f"Đại học Mẫu số {int(issuer.institution.code[3:])}",
        "signer_name": "Đặng Quốc Thịnh",
        "signer_title": "Hiệu trưởng",
    }
    read, batch = workbench.take_in(
        desk=home.desk, institution=issuer.institution, name=f"{issuer.institution.code}-{first}.csv", content=content,
        said=workbench.Said(kind="degree", level="bachelor", decision=decision, given=given),
        choices=Choices(), by=issuer.preparer, now=NOW,
    )  # fmt: skip
    if batch is None:
        problems = [(one.rule, one.cell, one.en) for one in read.problems[:5]]
        raise SystemExit(f"the made list has problems: {dict(read.counts)} {problems}")
    return batch
