"""How a peer in Python is timed: each round issues, then verifies all records; rates are of the process's own processor time."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

ROUNDS = 3


def compare(
    issue: Callable[[Sequence[dict[str, str]]], Sequence[Any]],
    verify: Callable[[Any], bool],
    tampered: Callable[[Any], Any],
    deliver: Callable[[Sequence[Any]], Sequence[Any]] = lambda issued: issued,
) -> None:
    """Read records from the input; say how many a second were issued and verified, as JSON. What `deliver` does is not timed.

    Raises: SystemExit where a good document is refused or a changed one is not.
    """
    records = json.load(sys.stdin)
    said: dict[str, list[float]] = {"issue": [], "verify": []}
    presented: Sequence[Any] = ()
    for _ in range(ROUNDS):
        began = time.process_time()
        issued = issue(records)
        sealed = time.process_time()
        presented = deliver(issued)
        between = time.process_time()
        good = sum(map(verify, presented))
        ended = time.process_time()
        if good != len(records):
            raise SystemExit(f"{good} of {len(records)} were verified")
        said["issue"].append(len(records) / (sealed - began))
        said["verify"].append(len(records) / (ended - between))
    if verify(tampered(presented[0])):
        raise SystemExit("a document that was changed is still believed")
    print(json.dumps(said))
