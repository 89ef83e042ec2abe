"""How many diplomas one core seals, logs and prints in a second; `verify.py` has the other side.

Each figure is the median of five runs of at least half a second, on data made here; sealing takes turns with the bare loop that it
is held against. Each diploma that is printed is another: the press remembers what it laid out last. Run: make bench
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from itertools import cycle
from pathlib import Path
from typing import cast
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tests make the data

from benchmarks import bound
from benchmarks.figures import arguments, rates, say
from benchmarks.records import record
from sogoc.adapters import diploma_pdf, press
from sogoc.adapters.keys_file import sign_es256
from sogoc.core import commitment, jws
from sogoc.core.credentials import sd_jwt
from sogoc.core.merkle import Frontier, leaf_hash
from sogoc.core.record import DEGREE
from sogoc.core.tiles import grow
from tests.adapters import diplomas

ENTRIES = [f'{{"act":"issue","number":{number:>230}}}'.encode() for number in range(20_000)]


def seal() -> int:
    sealed = commitment.seal(DEGREE, RECORD, b"s" * 32)
    signing = sd_jwt.signing_input(sealed, kid=bound.KID, origin=bound.ORIGIN, institution="X", status=(0, 1))
    sd_jwt.assemble(signing, jws.lower(sign_es256(bound.KEY, signing)), sealed.disclosures.values())
    return 1


def bare_seal() -> int:
    bound.seal(RECORD, b"s" * 32, 1)
    return 1


def log() -> int:
    Frontier.empty().extend(leaf_hash(entry) for entry in ENTRIES)
    for _ in grow(Frontier.empty(), ENTRIES, lambda _: None):
        pass
    return len(ENTRIES)


def printed() -> int:
    return bool(diplomas.printed(next(TURNS), evidence=next(EVIDENCE)))


def signed() -> int:
    pdf = diplomas.printed(next(TURNS), evidence=next(EVIDENCE))
    return bool(diploma_pdf.sign(pdf, signer=diplomas.KEY, certificate=CERTIFICATE, signed_at=diplomas.AT))


def pressed() -> int:
    """The press alone, with the words ready."""
    return bool(press.printed("diploma.typ", next(WORDS), created_at=diplomas.AT))


def words() -> Iterator[Mapping[str, str]]:
    """What the press is given for each diploma."""
    with patch.object(press, "printed", lambda _, inputs, **__: inputs):
        return cycle([cast("Mapping[str, str]", diplomas.printed(face, evidence=next(EVIDENCE))) for face in FACES])


RECORD = record(1)
FACES = [
    {name: value for name, value in record(number).items() if name in DEGREE.face} for number in range(1, 1000, 13)
]
"""More than the press remembers."""
TURNS = cycle(FACES)
EVIDENCE = cycle([f'{{"number":{number:>20000}}}'.encode() for number in range(len(FACES))])
"""As large as evidence is."""
WORDS = words()
CERTIFICATE = diplomas.certificate(diplomas.KEY)


def main() -> None:
    asked = arguments(__doc__).parse_args()
    sealing, bare = rates(seal, bare_seal)
    logging, printing, signing, pressing = rates(log, printed, signed, pressed)
    say(
        [
            sealing.figure(
                "seal a record of 26 fields and sign it", bound=bare, bound_name="a bare loop without checks"
            ),
            logging.figure("log: hash, tile and bundle"),
            printing.figure("print a diploma", bound=pressing, bound_name="the press alone"),
            signing.figure("print and sign a diploma", bound=pressing, bound_name="the press alone, unsigned"),
        ],
        asked.json,
    )


if __name__ == "__main__":
    main()
