"""Forgeries for the demonstration: an archive that is consistent in itself, and a genuine diploma with a better grade."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from sogoc.core import canonical, checkpoint, commitment, entry, jws, merkle
from sogoc.core.authority import KeyWindow, Name, Page, Power
from sogoc.core.canonical import b64, unb64
from sogoc.core.credentials import sd_jwt
from sogoc.core.evidence import Evidence, Fresh, Lasting, Logged
from sogoc.core.merkle import Tree
from sogoc.core.record import BY_KIND
from sogoc.core.state import authority_leaves, status_leaves
from sogoc.core.status import StatusList
from sogoc.ports import IssuerSigner

ORIGIN = "archive.forger.example/national"


def whole_archive(
    record: Mapping[str, str], *, key: IssuerSigner, randomness: Callable[[int], bytes], now: datetime
) -> Evidence:
    """Award `record` from an archive of the forger's own, with a ministry, a log and a state that agree with each other."""
    schema, on = BY_KIND[record["kind"]], record["awarded_on"]
    page = Page(
        ordinal=1,
        version=1,
        code=record["institution"],
        category="university",
        names=(Name(vi=record["institution_name"], en=record["institution_name"], valid_from="1990-01-01"),),
        identifiers={},
        keys=(KeyWindow(jwk=key.jwk, holder=record["institution_name"], start=0),),
        powers=(
            Power(
                kind=record["kind"],
                level=record["level"],
                programme="*",
                mode="*",
                valid_from="1990-01-01",
                legal_basis="invented",
            ),
        ),
        signers=(),
        custodian=1,
    )
    unsigned = page.prepare(key.jwk, origin=ORIGIN)
    content = replace(page, signatures=(unsigned.signed(key.sign(unsigned.payload)),)).encode()

    sealed = commitment.seal(schema, record, randomness(32))
    place = (0, 1)
    pair = merkle.leaf_hash(entry.pair(sealed.commitment, place))
    batch = entry.Batch(
        id=b64(randomness(16)),
        institution=1,
        schema=schema.id,
        level=record["level"],
        decision_number=record["decision_number"],
        decided_on=record["decided_on"],
        awarded_on=on,
        decision_total=1,
        provenance="A",
        override=(),
        count=1,
        tally=(("", "", "", 1),),
        tally_digest=randomness(32),
        root=pair,
    )
    signing = batch.prepare(key.jwk, origin=ORIGIN)
    batch = replace(batch, signatures=(signing.signed(key.sign(signing.payload)),))
    issue = entry.Issue(
        batch=merkle.leaf_hash(batch.encode()), commitment=sealed.commitment, institution=1, status=place
    )
    pages = Tree(authority_leaves({1: canonical.digest(content)}, 2))
    statuses = StatusList(0)
    lists = Tree(status_leaves([statuses]))
    state = entry.State(
        at=now - timedelta(minutes=1),
        authority_size=2,
        authority_root=pages.root,
        status_size=1,
        status_root=lists.root,
    )
    authority = entry.Authority(institution=1, version=1, page=canonical.digest(content))
    leaves = [authority.encode(), batch.encode(), issue.encode(), state.encode()]
    log = Tree([merkle.leaf_hash(leaf) for leaf in leaves])
    note = checkpoint.sign(
        checkpoint.Checkpoint(origin=ORIGIN, size=len(leaves), root=log.root),
        ed25519=Ed25519PrivateKey.generate(),
        ml_dsa=MLDSA44PrivateKey.generate(),
        timestamp=int(now.timestamp()),
    )

    def logged(index: int) -> Logged:
        return Logged(entry=leaves[index], index=index, proof=tuple(log.proof(index)))

    signed = sd_jwt.signing_input(
        sealed, kid=jws.thumbprint(key.jwk), origin=ORIGIN, institution=record["institution"], status=place
    )
    return Evidence(
        lasting=Lasting(
            credential=sd_jwt.assemble(signed, jws.lower(key.sign(signed)), sealed.disclosures.values()),
            checkpoint=note,
            leaf=logged(2),
            batch=logged(1),
            path=(),
        ),
        fresh=Fresh(
            checkpoint=note,
            links=(),
            state=logged(3),
            authorities=((content, tuple(pages.proof(1))),),
            statuses=((0, statuses.compressed(), tuple(lists.proof(0))),),
        ),
    )


def better_grade(evidence: bytes, *, name: str, value: str) -> bytes:
    """Return genuine evidence in which the disclosed field `name` says `value` instead."""
    document = json.loads(evidence)
    jwt, *disclosures, end = document["lasting"]["credential"].split("~")
    changed = []
    for disclosure in disclosures:
        salt, field, shown = json.loads(unb64(disclosure))
        changed.append(
            b64(
                json.dumps(
                    [salt, field, value if field == name else shown], ensure_ascii=False, separators=(",", ":")
                ).encode()
            )
        )
    document["lasting"]["credential"] = "~".join((jwt, *changed, end))
    return json.dumps(document, ensure_ascii=False, indent=1).encode() + b"\n"
