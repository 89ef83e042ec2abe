"""Our own: each record sealed and signed; evidence of the same records verified, all eight steps, as from a pile of applications.

The log, the state and the policy that evidence needs are made by the tests' archive, and not timed.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks import bound
from benchmarks.peers import timing
from benchmarks.records import record
from sogoc.adapters.keys_file import sign_es256
from sogoc.core import commitment, jws
from sogoc.core.credentials import sd_jwt
from sogoc.core.record import DEGREE
from sogoc.core.report import Verdict
from sogoc.core.trust import Policy
from sogoc.core.verify import verify_bytes
from tests import archive


def issue(records: Sequence[dict[str, str]]) -> list[str]:
    credentials = []
    for place, fields in enumerate(records):
        sealed = commitment.seal(DEGREE, fields, place.to_bytes(32))
        signing = sd_jwt.signing_input(sealed, kid=bound.KID, origin=bound.ORIGIN, institution="X", status=(0, place))
        signature = jws.lower(sign_es256(bound.KEY, signing))
        credentials.append(sd_jwt.assemble(signing, signature, sealed.disclosures.values()))
    return credentials


@cache
def logged(count: int) -> tuple[list[bytes], Policy]:
    """Evidence of so many records, and a policy that knows the anchor over them."""
    made = archive.Archive()
    ours = made.accredit("DHSG01", "Đại học Sông Gianh (mẫu)")
    made.state(archive.on_july(14))
    issued = made.issue(ours, [record(number) for number in range(count)])
    head = made.state(archive.on_july(17)) + 1
    return [made.evidence(one).encode() for one in issued], made.policy(head)


def deliver(issued: Sequence[str]) -> list[tuple[bytes, Policy]]:
    evidence, policy = logged(len(issued))
    return [(one, policy) for one in evidence]


def verify(presented: tuple[bytes, Policy]) -> bool:
    evidence, policy = presented
    return verify_bytes(evidence, policy, archive.NOW).verdict is Verdict.VALID


def changed(presented: tuple[bytes, Policy]) -> tuple[bytes, Policy]:
    evidence, policy = presented
    signed, tilde, rest = evidence.partition(b"~")
    return signed[:-8] + b"AAAAAAAA" + tilde + rest, policy


if __name__ == "__main__":
    timing.compare(issue, verify, changed, deliver)
