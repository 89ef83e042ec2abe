"""Blockcerts: `cert-issuer` from credentials in memory, its batch handler and its proofs; the transaction of the anchor is made up.

Verified with the parts of the same packages: canonical form, hash, path, root. `cert-issuer` 3.13 needs Python 3.10.
"""

from __future__ import annotations

import copy
import logging
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from blockcerts_merkletools import MerkleTools
from cert_core import Chain
from cert_issuer import normalization_handler
from cert_issuer.certificate_handlers import CertificateBatchWebHandler, CertificateWebV3Handler
from cert_issuer.merkle_tree_generator import MerkleTreeGenerator
from cert_issuer.normalization_handler import JSONLDHandler
from lds_merkle_proof_2019.merkle_proof_2019 import MerkleProof2019

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.peers import timing

TRANSACTION = "0x" + "5a" * 32
TERMS = "https://o.example/terms#"
SETTINGS = SimpleNamespace(
    verification_method="https://o.example/issuer#key", issuance_timezone="UTC", multiple_proofs="chained"
)
logging.disable(logging.CRITICAL)
normalization_handler.get_config = lambda: None  # it would read the command line


class Handler(CertificateWebV3Handler):  # type: ignore[misc]
    def sign_certificate(self, *_: object) -> None:
        """Nothing signs one certificate: the transaction does."""


def credential(record: dict[str, str]) -> dict[str, Any]:
    return {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            {name: TERMS + name for name in record},
            "https://w3id.org/blockcerts/v3.2",
        ],
        "id": f"urn:uuid:{record['identifier']}",
        "type": ["VerifiableCredential", "BlockcertsCredential"],
        "issuer": "https://o.example/issuer",
        "validFrom": "2026-06-19T00:00:00Z",
        "credentialSubject": {"id": f"urn:uuid:{record['identifier']}", **record},
    }


def issue(records: Sequence[dict[str, str]]) -> list[dict[str, Any]]:
    handler = CertificateBatchWebHandler(None, Handler(SETTINGS), MerkleTreeGenerator(), SETTINGS)
    handler.set_certificates_in_batch([credential(record) for record in records])
    handler.prepare_batch()
    handler.finish_batch(TRANSACTION, Chain.ethereum_sepolia)
    issued: list[dict[str, Any]] = handler.proof
    return issued


def verify(presented: dict[str, Any]) -> bool:
    proof = MerkleProof2019().decode(presented["proof"]["proofValue"])
    bare = {name: value for name, value in presented.items() if name != "proof"}
    bare["@context"] = credential({name: "" for name in presented["credentialSubject"] if name != "id"})["@context"]
    found = sha256(JSONLDHandler.normalize_to_utf8(bare)).hexdigest()
    return found == proof["targetHash"] and bool(
        MerkleTools().validate_proof(proof["path"], proof["targetHash"], proof["merkleRoot"])
    )


def changed(presented: dict[str, Any]) -> dict[str, Any]:
    forged = copy.deepcopy(presented)
    forged["credentialSubject"]["classification"] = "Xuất sắc"
    return forged


if __name__ == "__main__":
    timing.compare(issue, verify, changed)
