"""What people use today to issue and verify diplomas: which we measure, what each does, and what it leaves to others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    name: str
    program: str
    version: str
    does: str
    does_not: str


PEERS = (
    Peer(
        name="sogoc",
        program="sogoc_itself.py",
        version="(seal and verify)",
        does="a commitment and a signed SD-JWT of 26 fields; verifies signature, entry, checkpoint, authority, status, time",
        does_not="the log, rows and rules are not in the rate of issuing; the year above has them",
    ),
    Peer(
        name="sd-jwt",
        program="sd_jwt_python.py",
        version="0.10.4 (Python)",
        does="a signed SD-JWT, every field selectively disclosed; verifies signature and disclosures",
        does_not="no log, no status, no chain, no authority, no check of what the fields say",
    ),
    Peer(
        name="cert-issuer",
        program="blockcerts.py",
        version="3.13.1 (Python 3.10)",
        does="Blockcerts: VC 2.0, canonical JSON-LD, a Merkle tree over the batch, one anchor; verifies hash, path and root",
        does_not="no log that others can audit, no selective disclosure, no authority; the anchor is mocked here",
    ),
    Peer(
        name="open-attestation",
        program="node/open_attestation.mjs",
        version="6.9.7 (Node)",
        does="version 2: salted fields, a Merkle tree over the batch; verifies digest and path",
        does_not="no signature or chain here: the root is what a contract would hold; no log, no authority",
    ),
    Peer(
        name="digitalbazaar-vc",
        program="node/digitalbazaar_vc.mjs",
        version="7.3.0 with ecdsa-rdfc-2019 1.3.0 (Node)",
        does="VC 2.0 with a Data Integrity proof, ECDSA P-256 over canonical RDF; verifies the proof",
        does_not="no batch, no log, no chain, no status here, no authority, no selective disclosure",
    ),
)
