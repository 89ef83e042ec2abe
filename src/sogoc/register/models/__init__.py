"""Every table, in four modules: who may act, what is awarded, what is public, who did what."""

from sogoc.register.models.audit import AuditEvent
from sogoc.register.models.batches import Batch, Row, SourceFile
from sogoc.register.models.institutions import AuthorityPage, Institution, IssuerKey, Membership
from sogoc.register.models.log import ActDetail, Anchor, Archive, Checkpoint, Entry, LoggedState, StatusTable

__all__ = [
    "ActDetail",
    "Anchor",
    "Archive",
    "AuditEvent",
    "AuthorityPage",
    "Batch",
    "Checkpoint",
    "Entry",
    "Institution",
    "IssuerKey",
    "LoggedState",
    "Membership",
    "Row",
    "SourceFile",
    "StatusTable",
]
