"""Every table: who may act, what is awarded and on which blanks, how a file becomes it, what follows, what is public, who did what."""

from sogoc.register.models.acts import Copy, Erasure, Notice
from sogoc.register.models.audit import AuditEvent
from sogoc.register.models.batches import (
    Batch,
    Decision,
    DecisionName,
    Override,
    Row,
    Seal,
    Shard,
    SourceFile,
    VoidNumber,
)
from sogoc.register.models.blanks import BlankEvent
from sogoc.register.models.institutions import AuthorityPage, Institution, IssuerKey, Membership
from sogoc.register.models.log import ActDetail, Anchor, Archive, Checkpoint, Entry, LoggedState, StatusTable
from sogoc.register.models.workbench import HeaderMeaning, Upload
from sogoc.register.models.wrong_names import WrongNames

__all__ = [
    "ActDetail",
    "Anchor",
    "Archive",
    "AuditEvent",
    "AuthorityPage",
    "Batch",
    "BlankEvent",
    "Checkpoint",
    "Copy",
    "Decision",
    "DecisionName",
    "Entry",
    "Erasure",
    "HeaderMeaning",
    "Institution",
    "IssuerKey",
    "LoggedState",
    "Membership",
    "Notice",
    "Override",
    "Row",
    "Seal",
    "Shard",
    "SourceFile",
    "StatusTable",
    "Upload",
    "VoidNumber",
    "WrongNames",
]
