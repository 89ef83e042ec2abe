"""Copy what is decided to where everybody reads it. It may be run any number of times and decides nothing."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Max

from sogoc.core.checkpoint import Checkpoint as Head
from sogoc.core.note import Note
from sogoc.errors import LogForked
from sogoc.failpoint import reach
from sogoc.ports import FileStore, Log
from sogoc.register.models import AuthorityPage, Checkpoint, StatusTable

COMPLETE = "complete"
"""The mark in a folder of the staging area that all its files are there."""


def publish(log: Log, head: Checkpoint, folder: str) -> None:
    """Publish a decided and signed head: tiles and pages first, then the checkpoint, so no reader sees a root without its tiles.

    Raises: StorageUnavailable; LogForked when a published file would change.
    """
    if head.note is None:
        raise LogForked("a head was to be published before it was signed")
    log.public.put_many(_staged(log, folder))
    reach("publish.tiles")
    shown = shown_head(log.public)
    if shown is None or shown.size <= head.size:  # a reader is never shown a smaller log than before
        log.public.put("checkpoint", head.note.encode(), mutable=True)
    reach("publish.checkpoint")
    before = Checkpoint.objects.filter(size__lt=head.size, published=True).aggregate(size=Max("size"))["size"] or 0
    for table in StatusTable.objects.filter(since__gte=before).order_by("number").iterator(chunk_size=64):
        log.public.put(f"status/{table.number}", bytes(table.content), mutable=True)
    head.published = True
    head.save(update_fields=["published"])
    reach("publish.recorded")


def clear(log: Log) -> None:
    """Empty the staging area. Only while every decided head is known here and published: what is left then, nobody needs."""
    for path in log.staging.list(""):
        log.staging.delete(path)


def shown_head(public: FileStore) -> Head | None:
    """Return the head that the published checkpoint shows, as it stands there. Raises: MalformedError, StorageUnavailable."""
    content = public.get("checkpoint")
    return Head.parse(Note.parse(content.decode()).text) if content is not None else None


def pages(start: int, end: int) -> Iterator[tuple[str, bytes]]:
    """Return path and content of the authority pages that were logged at [start, end)."""
    for page in AuthorityPage.objects.filter(entry__index__gte=start, entry__index__lt=end).select_related(
        "institution"
    ):
        yield f"authority/{page.institution.ordinal}/{page.version}.json", bytes(page.content)


def _staged(log: Log, folder: str) -> Iterator[tuple[str, bytes]]:
    for path in log.staging.list(folder):
        content = log.staging.get(path)
        name = path.removeprefix(f"{folder}/")
        if content is not None and name != COMPLETE:
            yield name, content
