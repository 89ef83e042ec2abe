"""The raw bound: the least work that a year, a seal and their parts take on this machine, measured in the same run.

Nothing is validated here, nothing decided, audited or read from a file; but what comes out is what the product makes, byte for byte
(a test says so): disclosures and slots of 26 fields, an ES256 signature, the entry of the log and the tree over all entries, rows in
PostgreSQL by COPY behind one unique index, the entries in a file, fsync on. Two processes, one for each core. Ratios in the documents
are to these figures.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from binascii import b2a_base64
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import orjson
import psycopg
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from psycopg import sql

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import country
from benchmarks.figures import Figure, Rate, arguments, rates, say
from benchmarks.records import record
from sogoc.core import merkle
from sogoc.core.record import DEGREE

PROCESSES = 2
CHUNK = 16_384
"""At most so many diplomas in one transaction; a power of two, so that the roots of chunks are nodes of the tree over all."""
KEY = ec.derive_private_key(2**200 + 7, ec.SECP256R1())
ES256 = ec.ECDSA(SHA256(), deterministic_signing=True)
HALF = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551 // 2
KID, ORIGIN, INSTITUTION = "k" * 43, "o.example/log", "DHSG01"

_URL = bytes.maketrans(b"+/", b"-_")
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
_NAMES = [(name, b"sogoc/salt/v1\x00" + name.encode(), b"sogoc/filler/v1\x00" + name.encode()) for name in DEGREE.names]
_BEFORE = (
    b"sogoc/commitment/v1\x00" + bytes([len(DEGREE.id)]) + DEGREE.id.encode() + len(DEGREE.names).to_bytes(2, "big")
)


def _b64(content: bytes) -> str:
    return b2a_base64(content, newline=False).translate(_URL, b"=").decode()


_HEADER = _b64(orjson.dumps({"alg": "ES256", "kid": KID, "typ": "dc+sd-jwt"}))


def es256(payload: bytes) -> bytes:
    """The signature r || s, in the form that has the lower s."""
    r, s = decode_dss_signature(KEY.sign(payload, ES256))
    if s > HALF:
        s = 2 * HALF + 1 - s
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def seal(fields: dict[str, str], secret: bytes, place: int) -> tuple[bytes, bytes, str]:
    """The bare loop that `seal` is held against: record -> disclosures -> slots -> signature -> text, and no check of anything.

    Returns the commitment, the signature and the credential.
    """
    block = secret.ljust(64, b"\0")
    inner, outer = sha256(block.translate(_INNER)), sha256(block.translate(_OUTER))
    slots, shown = [], []
    for name, salt, filler in _NAMES:
        value = fields.get(name)
        inside, outside = inner.copy(), outer.copy()
        inside.update(salt if value else filler)
        outside.update(inside.digest())
        if value:
            text = _b64(orjson.dumps([_b64(outside.digest()[:16]), name, value]))
            shown.append(text)
            slots.append(sha256(text.encode()).digest())
        else:
            slots.append(outside.digest())
    payload = orjson.dumps(
        {
            "_sd": [_b64(slot) for slot in slots],
            "_sd_alg": "sha-256",
            "iss": f"https://{ORIGIN}/institutions/{INSTITUTION}",
            "status": {"status_list": {"idx": place, "uri": f"https://{ORIGIN}/status/0"}},
            "vct": DEGREE.id,
        }
    )
    signed = f"{_HEADER}.{_b64(payload)}"
    signature = es256(signed.encode())
    credential = "~".join((f"{signed}.{_b64(signature)}", *shown, ""))
    return sha256(_BEFORE + b"".join(slots)).digest(), signature, credential


# -- the whole year -----------------------------------------------------------------------------------------------------

TABLE = sql.Identifier("bound_of_a_year")


def year(count: int, url: str) -> tuple[float, float]:
    """The least work of `count` diplomas, by two processes and the PostgreSQL of this URL.

    Returns seconds on the clock, and bytes that each takes in the database with its index.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(TABLE))
        connection.execute(
            sql.SQL(
                "CREATE TABLE {} (number bigint NOT NULL, record text NOT NULL, secret bytea NOT NULL,"
                " commitment bytea NOT NULL UNIQUE, signature bytea NOT NULL)"
            ).format(TABLE)
        )
        try:
            with tempfile.TemporaryDirectory() as folder:
                seconds = _year(count, url, Path(folder))
            size = connection.execute("SELECT pg_total_relation_size('bound_of_a_year')").fetchone()
            return seconds, (size[0] if size else 0) / count
        finally:
            connection.execute(sql.SQL("DROP TABLE {}").format(TABLE))


def _year(count: int, url: str, folder: Path) -> float:
    context = multiprocessing.get_context("fork")
    began = time.perf_counter()
    with context.Pool(PROCESSES) as pool:
        step = min(CHUNK, 1 << (max(1, count // (8 * PROCESSES)).bit_length() - 1))
        chunks = [(start, min(start + step, count), url, folder) for start in range(0, count, step)]
        roots = pool.map(_chunk, chunks, chunksize=1)
        es256(merkle.root_hash(roots))
    return time.perf_counter() - began


def _chunk(task: tuple[int, int, str, Path]) -> bytes:
    """One run of diplomas, from records to rows and entries that are safe on the disk; the root over its entries."""
    start, end, url, folder = task
    leaves: list[bytes] = []
    with (
        psycopg.connect(url) as connection,
        (folder / str(start)).open("wb") as bundle,
        connection.cursor() as cursor,
        cursor.copy(sql.SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(TABLE)) as copy,
    ):
        copy.set_types(["int8", "text", "bytea", "bytea", "bytea"])
        for number in range(start, end):
            fields, secret = record(number), os.urandom(32)
            commitment, signature, _ = seal(fields, secret, number)
            logged = entry(commitment, number)
            bundle.write(len(logged).to_bytes(2, "big") + logged)
            leaves.append(sha256(b"\x00" + logged).digest())
            copy.write_row((number, orjson.dumps(fields).decode(), secret, commitment, signature))
        bundle.flush()
        os.fsync(bundle.fileno())
    return merkle.root_hash(leaves)


_BATCH = _b64(bytes(32))


def entry(commitment: bytes, place: int) -> bytes:
    return orjson.dumps(
        {"act": "issue", "batch": _BATCH, "commitment": _b64(commitment), "institution": 1, "status": [0, place]}
    )


# -- single figures -----------------------------------------------------------------------------------------------------

FIELDS = record(7)
KILOBYTE = orjson.dumps(FIELDS).ljust(1024, b" ")


def _sealed() -> int:
    seal(FIELDS, b"s" * 32, 1)
    return 1


def _times(count: int, work: Callable[[], object]) -> Callable[[], int]:
    def many() -> int:
        for _ in range(count):
            work()
        return count

    return many


def single() -> Iterator[tuple[str, Rate]]:
    """What the processor gives, a second of one core."""
    bare = rates(
        _times(100, lambda: KEY.sign(KILOBYTE, ES256)),
        _times(100, lambda: KEY.sign(KILOBYTE, ec.ECDSA(SHA256()))),
        _times(1000, lambda: sha256(KILOBYTE).digest()),
        _times(1000, lambda: orjson.dumps(FIELDS, option=orjson.OPT_SORT_KEYS)),
        _times(10, _sealed),
    )
    names = (
        "ES256 signatures, RFC 6979",
        "ES256 signatures, random nonce",
        "SHA-256 of 1 KiB",
        "JSON of a record, keys sorted",
        "bare loop of seal",
    )
    yield from zip(names, bare, strict=True)


def copied(url: str, count: int) -> float:
    """Rows a second, on the clock, that one connection puts into a table of 1 KiB rows behind one unique index."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bound_of_copy (id bytea UNIQUE, row text)")
        connection.commit()
        row = KILOBYTE.decode()
        ids = [sha256(number.to_bytes(8, "big")).digest() for number in range(count)]
        began = time.perf_counter()
        with cursor.copy("COPY bound_of_copy FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["bytea", "text"])
            for one in ids:
                copy.write_row((one, row))
        connection.commit()
        seconds = time.perf_counter() - began
        cursor.execute("DROP TABLE bound_of_copy")
    return count / seconds


def fsync(folder: Path, count: int = 200) -> list[float]:
    """Milliseconds that each of `count` writes of 4 KiB took until the disk had it."""
    found = []
    with (folder / "fsync").open("wb") as file:
        for _ in range(count):
            file.write(bytes(4096))
            began = time.perf_counter()
            file.flush()
            os.fsync(file.fileno())
            found.append(1e3 * (time.perf_counter() - began))
    return found


def files(folder: Path, count: int = 2000) -> float:
    """Files of 8 KiB, as a tile has, written and renamed into place in a second, without waiting for the disk."""
    content = bytes(8192)
    began = time.perf_counter()
    for number in range(count):
        path = folder / f"{number}.new"
        path.write_bytes(content)
        path.rename(folder / str(number))
    return count / (time.perf_counter() - began)


def main() -> None:
    asked = arguments(__doc__, size=30_000, runs=3).parse_args()
    figures = [rate.figure(f"bound: {name}") for name, rate in single()]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        waits = fsync(folder)
        written = [files(Path(tempfile.mkdtemp(dir=folder))) for _ in range(asked.runs)]
    figures.append(_clock("bound: fsync of 4 KiB", waits, "ms", runs=False))
    figures.append(_clock("bound: files of 8 KiB", written, "/s"))
    with country.database() as url:
        figures.append(_clock("bound: COPY of rows of 1 KiB", [copied(url, 50_000) for _ in range(asked.runs)], "/s"))
        took = [year(asked.size, url) for _ in range(asked.runs)]
        figures.append(_clock("bound: year", [seconds for seconds, _ in took], "s", n=asked.size))
        stored = statistics.median(size for _, size in took)
        figures.append(Figure(name="bound: stored", value=stored, unit="B", n=asked.size, note="rows and one index"))
    logged = len(entry(bytes(32), asked.size)) + 2 + merkle.HASH_BYTES
    figures.append(Figure(name="bound: logged", value=logged, unit="B", note="an entry, its length and its hash"))
    say(figures, asked.json)


def _clock(name: str, values: list[float], unit: str, *, n: int | None = None, runs: bool = True) -> Figure:
    return Figure(
        name=name,
        value=statistics.median(values),
        unit=unit,
        n=n,
        note="by the clock",
        runs=tuple(values) if runs else (),
    )


if __name__ == "__main__":
    main()
