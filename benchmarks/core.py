"""How many diplomas one core seals, logs and prints in a second; `verify.py` has the other side.

Each figure is the median of five runs of at least half a second, on data made here; sealing takes turns with the bare loop that it
is held against. Run: make bench
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tests make the data

from benchmarks import bound
from benchmarks.figures import arguments, rates, say
from benchmarks.records import record
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
    return bool(diplomas.printed())


def signed() -> int:
    return bool(diplomas.signed())


RECORD = record(1)


def main() -> None:
    asked = arguments(__doc__).parse_args()
    sealing, bare = rates(seal, bare_seal)
    logging, printing, signing = rates(log, printed, signed)
    say(
        [
            sealing.figure(
                "seal a record of 26 fields and sign it", bound=bare, bound_name="a bare loop without checks"
            ),
            logging.figure("log: hash, tile and bundle"),
            printing.figure("print a diploma"),
            signing.figure("print and sign a diploma"),
        ],
        asked.json,
    )


if __name__ == "__main__":
    main()
