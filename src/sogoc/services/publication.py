"""Copy what is decided to where everybody reads it. It may be run any number of times and decides nothing."""

from __future__ import annotations

from collections.abc import Iterator

from sogoc.errors import LogForked
from sogoc.failpoint import reach
from sogoc.ports import Log
from sogoc.register.models import AuthorityPage, Checkpoint, StatusTable


def publish(log: Log, head: Checkpoint, folder: str) -> None:
    """Publish a decided and signed head: tiles and pages first, then the checkpoint, so no reader sees a root without its tiles.

    Raises: StorageUnavailable; LogForked when a published file would change.
    """
    if head.note is None:
        raise LogForked("a head was to be published before it was signed")
    log.public.put_many(_staged(log, folder))
    log.public.put_many(
        (f"authority/{page.institution.ordinal}/{page.version}.json", bytes(page.content))
        for page in AuthorityPage.objects.filter(
            entry__index__lt=head.size, entry__index__gte=_previous(head)
        ).select_related("institution")
    )
    reach("publish.tiles")
    log.public.put("checkpoint", head.note.encode(), mutable=True)
    reach("publish.checkpoint")
    for table in StatusTable.objects.order_by("number"):
        log.public.put(f"status/{table.number}", bytes(table.content), mutable=True)
    head.published = True
    head.save(update_fields=["published"])
    reach("publish.recorded")
    for path in log.staging.list(folder):
        log.staging.delete(path)


def _previous(head: Checkpoint) -> int:
    before = Checkpoint.objects.filter(size__lt=head.size).order_by("-size").first()
    return before.size if before else 0


def _staged(log: Log, folder: str) -> Iterator[tuple[str, bytes]]:
    for path in log.staging.list(folder):
        name = path.removeprefix(f"{folder}/")
        content = log.staging.get(path)
        if name != "complete" and content is not None:
            yield name, content
