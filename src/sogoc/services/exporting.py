"""An institution takes its whole register with it: every version with record, secret and evidence, every decision, act and number.

What is written is enough to go on elsewhere and to prove, against the public log and without this archive, that nothing was
changed. Whoever holds it holds personal data and the secrets behind the public commitments.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from sogoc.core import leaving
from sogoc.core.canonical import b64
from sogoc.core.entry import write_time
from sogoc.core.record import SCHEMAS
from sogoc.errors import WrongState
from sogoc.ports import Keyring, Log
from sogoc.register.models import (
    Batch,
    BlankEvent,
    Copy,
    Decision,
    Entry,
    Erasure,
    Institution,
    Override,
    Row,
    VoidNumber,
)
from sogoc.register.records import record_of
from sogoc.services import access, audit, sealing
from sogoc.services.delivery import Counter

_CHUNK = 500
_README = """\
# Sổ gốc của {name} ({code}) · The register of {name} ({code})

Toàn bộ sổ gốc đến vị trí {size} của nhật ký {origin}, xuất lúc {at}. Thư mục này chứa dữ liệu cá nhân và bí mật của từng hồ sơ:
hãy bảo vệ như chính sổ gốc.

The whole register up to size {size} of the log {origin}, exported at {at}. This folder holds personal data and the secret of
every record: guard it like the register itself.

    sogoc institution check . --trust policy.json
    sha256sum -c SHA256SUMS

| tệp · file | nội dung · content |
|---|---|
| register.jsonl | mỗi dòng một phiên bản hồ sơ: nội dung, bí mật, chứng cứ · one version of a record per line: record, secret, evidence |
| fresh.json | trạng thái chung cho mọi dòng · the fresh half for all of them |
| fields.json | tên trường và tên quốc gia · names of fields and their national names |
| acts.jsonl | quyết định đứng sau mỗi việc · the decision behind each act |
| batches.jsonl, decisions.jsonl | đợt cấp, quyết định công nhận · batches, recognition decisions |
| void-numbers.jsonl, blanks.jsonl | số bỏ, phôi · void numbers, blanks |
| copies.jsonl | sổ cấp bản sao · the copy book |
| overrides.jsonl | đợt cấp được Bộ cho qua, lý do · batches that the ministry let pass, and why |
| erasures.jsonl | hồ sơ đã xóa dữ liệu · records that were erased |
| pages.jsonl | các trang thẩm quyền · authority pages |
| manifest.json, SHA256SUMS | danh mục có chữ ký của cơ sở · what is here, signed by the institution |

Nhật ký công khai nằm ở {public} và các bản sao của nó · The public log lies at {public} and on its mirrors.
"""


def export(
    *,
    log: Log,
    keyring: Keyring,
    institution: Institution,
    folder: Path,
    by: User,
    now: datetime,
    progress: Callable[[int], None] = lambda _: None,
) -> leaving.Manifest:
    """Write the whole register of an institution, as far as it is public, into an empty folder. Memory stays flat.

    Raises: NotAllowed; WrongState when nothing is published, or the folder is not empty; KeyUnavailable.
    """
    access.require(by, "register.export", institution)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(folder.iterdir()):
        raise WrongState(f"{folder} is not empty", f"thư mục {folder} không trống")
    folder.chmod(0o700)
    counter = Counter(log)
    key = sealing.signing_key(institution)
    signer = keyring(key.uri)
    audit.note(by, "register.exported", institution.code, at=now, detail={"size": counter.head.size})
    counts: dict[str, int] = {}
    files = []
    for name, lines in _files(institution, counter, progress).items():
        size, digest, count = _write(folder / name, lines)
        files.append((name, size, digest))
        if name.endswith(".jsonl"):
            counts["lines" if name == leaving.REGISTER else name.removesuffix(".jsonl")] = count
    rows = Row.objects.filter(_public(counter), institution=institution)
    counts["erased"] = rows.filter(erased_at__isnull=False).count()
    counts["not-public"] = Row.objects.filter(institution=institution).exclude(_public(counter)).count()
    page = institution.pages.order_by("-version")[0]
    about = _README.format(
        name=json.loads(bytes(page.content))["names"][-1]["vi"], code=institution.code, size=counter.head.size,
        origin=log.origin, at=write_time(now), public=f"https://{log.origin.split('/')[0]}/log/",
    )  # fmt: skip
    files.append(("README.md", *_write(folder / "README.md", [about.encode()])[:2]))
    manifest = leaving.Manifest(
        institution=institution.code, ordinal=institution.ordinal, at=now, size=counter.head.size, counts=counts,
        files=tuple(sorted(files)),
    )  # fmt: skip
    unsigned = manifest.prepare(signer.jwk, origin=log.origin)
    manifest = replace(manifest, signatures=(unsigned.signed(signer.sign(unsigned.payload)),))
    _write(folder / leaving.MANIFEST, [manifest.encode()])
    _write(folder / "SHA256SUMS", [f"{digest.hex()}  {name}\n".encode() for name, _, digest in manifest.files])
    return manifest


def _write(path: Path, lines: Iterable[bytes]) -> tuple[int, bytes, int]:
    """Write a file whole; return its size, its SHA-256 and how many lines it was given."""
    digest, size, count = sha256(), 0, 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for line in lines:
            file.write(line)
            digest.update(line)
            size += len(line)
            count += 1
        file.flush()
        os.fsync(file.fileno())
    return size, digest.digest(), count


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def _public(counter: Counter) -> Q:
    return Q(entry__index__lt=counter.head.size)


def _files(institution: Institution, counter: Counter, progress: Callable[[int], None]) -> dict[str, Iterable[bytes]]:
    rows = Row.objects.filter(_public(counter), institution=institution)
    return {
        leaving.REGISTER: _register(rows, counter, progress),
        leaving.FRESH: _fresh(institution, rows, counter),
        "fields.json": [
            _line({one.id: {item.name: item.national for item in one.fields} for one in SCHEMAS.values()})
        ],
        "pages.jsonl": (
            bytes(content) + b"\n" for content in institution.pages.order_by("version").values_list("content", flat=True)
        ),
        "decisions.jsonl": _lines(
            Decision.objects.filter(institution=institution), "number", "decided_on", "total", "listed", "recorded_at"
        ),
        "batches.jsonl": _lines(
            Batch.objects.filter(institution=institution), "public_id", "schema", "level", "decision__number",
            "decision__decided_on", "awarded_on", "provenance", "state", "count", "tally_salt", "entry__index",
            "prepared_by__username", "approved_by__username",
        ),
        "acts.jsonl": _lines(
            Entry.objects.filter(institution=institution, index__lt=counter.head.size).exclude(act="issue").filter(
                Q(detail__isnull=False) | Q(act="custody")
            ),
            "index", "act", "act_id", "target__index", "detail__decision_number", "detail__ground", "detail__salt",
            "detail__prepared_by__username", "detail__approved_by__username",
        ),
        "void-numbers.jsonl": _lines(VoidNumber.objects.filter(institution=institution)),
        "blanks.jsonl": _lines(BlankEvent.objects.filter(institution=institution)),
        "copies.jsonl": _lines(
            Copy.objects.filter(institution=institution), "year", "number", "row__identifier", "requested_at", "due_on",
            "recipient", "relation", "copies", "issued_on", "issued_by__username", "refused_reason", "taken_by__username",
        ),
        "overrides.jsonl": _lines(
            Override.objects.filter(batch__institution=institution), "batch__public_id", "rules", "reason",
            "requested_by__username", "requested_at", "granted_by__username", "granted_at",
        ),
        "erasures.jsonl": _lines(Erasure.objects.filter(institution=institution), "identifier", "decision_number", "at"),
    }  # fmt: skip


def _lines(rows: QuerySet[Any], *names: str) -> Iterator[bytes]:
    """Return table rows as lines; without `names` every column but the keys that mean nothing elsewhere."""
    for value in rows.order_by("pk").values(*names).iterator(chunk_size=_CHUNK):
        yield _line(
            {
                name.replace("__", "_"): _plain(one)
                for name, one in value.items()
                if names or (name != "id" and not name.endswith("_id"))
            }
        )


def _plain(value: Any) -> Any:
    if isinstance(value, (bytes, memoryview)):
        return b64(bytes(value))
    return write_time(value) if isinstance(value, datetime) else value


def _register(rows: QuerySet[Row], counter: Counter, progress: Callable[[int], None]) -> Iterator[bytes]:
    """Return one line per version in the order of the log, so that a checker needs no memory of what came before."""
    in_order = rows.select_related(
        "entry", "batch__entry", "batch__decision", "institution", "follows__entry", "seal__key"
    )
    for row in in_order.order_by("entry__index").iterator(chunk_size=_CHUNK):
        entry = row.logged
        value: dict[str, Any] = {
            "identifier": row.identifier, "act": row.origin, "index": entry.index if entry else None,
            "batch": row.batch.public_id,
            "serial_number": row.serial_number, "register_number": row.register_number, "cell": row.cell,
        }  # fmt: skip
        if row.follows is not None and row.follows.logged is not None:
            value["follows"] = row.follows.logged.index
        if row.erased_at is not None:
            value["erased_at"] = write_time(row.erased_at)
        else:
            record = record_of(row)
            value |= {
                "record": record, "secret": b64(bytes(row.seal.secret or b"")),
                "evidence": leaving.evidence_line(counter.lasting(row, names=record)),
            }  # fmt: skip
        yield _line(value)
        progress(1)


def _fresh(institution: Institution, rows: QuerySet[Row], counter: Counter) -> Iterator[bytes]:
    numbers = sorted(set(rows.order_by().values_list("seal__status_list", flat=True).distinct()))
    yield counter.fresh(
        ordinals=counter.issuer_and_keeper(institution.ordinal), numbers=numbers,
        sizes=counter.anchored().values_list("size", flat=True),
    ).encode()  # fmt: skip
