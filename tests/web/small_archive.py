"""A small archive with everything that a page may show, made as a program: `python small_archive.py HOME OUTPUT`.

One language centre, a list of certificates, one revoked, the log anchored and observed. OUTPUT holds files of every verdict.
"""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

from sogoc.adapters import node_anvil
from sogoc.core.evidence import Evidence
from sogoc.demo import forger, sample
from sogoc.demo.stage import Stage
from sogoc.wiring import Home


def make(home: Path, output: Path) -> None:
    output.mkdir(parents=True)
    stage = Stage(home=Home(home), output=output, seed=7)
    stage.found()
    try:
        _fill(stage, output)
    finally:
        node_anvil.stop(home / "chain")


def _fill(stage: Stage, output: Path) -> None:
    from sogoc.register.records import credential
    from sogoc.services import delivery

    registers = output / "registers"
    registers.mkdir()
    one = sample.make_supplement(registers, seed=7, today=stage.now.date(), number=1)
    stage.accredit(one.institution)
    batch = stage.issue([one], now=stage.now)
    rows = stage.rows(batch)
    good, revoked, other, guessed = rows[:4]

    # Handed out while it was valid and before any anchor: the archive knows better by now.
    early = delivery.Counter(stage.home.log).evidence(revoked)
    stage.revoke(revoked)
    stage.anchor()
    stage.observe()

    counter = delivery.Counter(stage.home.log)
    genuine = delivery.diploma(
        row=good, counter=counter, printer=stage.home.printer, keyring=stage.home.keyring, now=stage.now
    )
    better = forger.better_grade(counter.evidence(other).encode(), name="classification", value="Xuất sắc")
    bare = credential(good, origin=stage.home.log.origin)
    files = {
        "valid.pdf": genuine.pdf,
        "valid.json": genuine.evidence,
        "valid.jwt": bare.encode(),
        "lasting.json": Evidence(lasting=counter.evidence(good).lasting).encode(),
        "changed.json": better,
        "changed.pdf": genuine.pdf.replace(b"/Type", b"/Typf", 1),
        "revoked-since.json": early.encode(),
        "guessed.json": counter.evidence(guessed).encode(),
        "scan.pdf": b"%PDF-1.4\n%%EOF\n",
        "photo.jpg": b"\xff\xd8\xff\xe0" + secrets.token_bytes(64),
    }
    for name, content in files.items():
        (output / name).write_bytes(content)


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))
