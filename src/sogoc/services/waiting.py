"""The one door by which a statement comes among the entries that wait for the log."""

from __future__ import annotations

from django.db.models import Sum

from sogoc.core import entry, merkle
from sogoc.errors import InputError, MalformedError
from sogoc.register.models import Batch, Checkpoint, Entry, Institution, Row


def enter(
    content: bytes,
    *,
    act: str,
    institution: Institution | None,
    act_id: str | None = None,
    target: Entry | None = None,
    row: Row | None = None,
) -> Entry:
    """Let an entry wait for its place in the log, once it reads back: what is logged can never be taken out again.

    Raises: InputError when it is not of the public format, such as a wording that is not in the list.
    """
    try:
        entry.parse(content)
    except MalformedError as error:
        raise InputError(
            f"this {act} would not be a readable entry of the public log: {error.en}",
            f"mục {act} này không đúng dạng của nhật ký công khai: {error.vi}",
            mend=f"Wordings are {', '.join(entry.WORDINGS)}; ids are 16 bytes in base64url; see docs/spec/entry.md.",
            mend_vi=f"Cách ghi công khai: {', '.join(entry.WORDINGS)}; mã là 16 byte base64url; xem docs/spec/entry.md.",
        ) from error
    return Entry.objects.create(
        act=act,
        content=content,
        leaf_hash=merkle.leaf_hash(content),
        act_id=act_id,
        institution=institution,
        target=target,
        row=row,
    )


def next_index() -> int:
    """Return the log index that the next entry will get. The archive must be held, and what is entered then commit with it.

    Entries get their indexes in the order in which they came, all that wait at once, before the state that closes a head; a batch
    with its issue entries behind it.
    """
    newest = Checkpoint.objects.order_by("-size").first()
    waiting = Entry.objects.filter(index__isnull=True)
    rows = Batch.objects.filter(entry__in=waiting).aggregate(rows=Sum("count"))["rows"] or 0
    return (newest.size if newest else 0) + waiting.count() + rows
