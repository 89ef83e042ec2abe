"""The gate: what a batch must satisfy before a key signs it. Integrity is not enough; a genuine university can award what it may not.

Every rule, its legal basis and the grades of provenance it holds for are rows of `core.law`; here is what each rule asks.
A batch is held against the newest authority page at its submission, its approval and its sealing, and may be examined again
at any later time against the page that was in force then: what counts beside it are the batches approved before it.
"""

from sogoc.services.gate.examining import (
    MAX_TALLY,
    Examination,
    Passed,
    check,
    check_record,
    examine,
    lets_pass,
    overridden,
    set_aside,
    tally_of,
)
from sogoc.services.gate.holding import Incoming
from sogoc.services.gate.rows import Line

__all__ = [
    "MAX_TALLY",
    "Examination",
    "Incoming",
    "Line",
    "Passed",
    "check",
    "check_record",
    "examine",
    "lets_pass",
    "overridden",
    "set_aside",
    "tally_of",
]
