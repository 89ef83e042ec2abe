"""The eight attacks of docs/spec/attacks.md, and their relatives, each carried out with every means the attacker has.

What is attacked is the verifier. That the sequencer and `fsck` refuse the same entries is tested where they are.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sogoc.core import commitment, entry, merkle, status
from sogoc.core.authority import KeyWindow
from sogoc.core.canonical import b64, digest, unb64
from sogoc.core.credentials import sd_jwt
from sogoc.core.evidence import Evidence, Link
from sogoc.core.record import DEGREE
from sogoc.core.report import Report, Verdict
from sogoc.core.trust import Policy
from sogoc.core.verify import verify_bytes
from tests.archive import NOW, Archive, Diploma, Key, Story, on_july, record, story

SPEC = (Path(__file__).parents[2] / "docs/spec/attacks.md").read_text()


@pytest.fixture
def scene() -> Story:
    return story()


def look(evidence: Evidence, policy: Policy, **more: Any) -> Report:
    return verify_bytes(evidence.encode(), policy, more.pop("now", NOW), **more)


def codes(report: Report) -> set[str]:
    return {finding.code for check in report.checks for finding in check.findings}


def disclosure_of(diploma: Diploma, name: str) -> str:
    (found,) = [one for one in diploma.disclosures if json.loads(unb64(one))[1] == name]
    return found


def presenting(evidence: Evidence, credential: str) -> Evidence:
    return replace(evidence, lasting=replace(evidence.lasting, credential=credential))


def test_every_attack_of_the_specification_has_its_test() -> None:
    attacks = re.findall(r"^\| ([a-z][^|]*) \|", SPEC, re.MULTILINE)
    names = {name.strip() for name in attacks} - {"attack"}
    here = Path(__file__).read_text()
    assert names == set(re.findall(r"^# -- (.+?) -+$", here, re.MULTILINE)) - {"further"}
    assert len(names) == 8


# -- two people in one leaf ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["holder_name", "identifier", "born_on", "serial_number"])
def test_a_disclosure_of_another_person(scene: Story, name: str) -> None:
    ours, other = scene.first[:2]
    shown = [one for one in ours.disclosures if one != disclosure_of(ours, name)] + [disclosure_of(other, name)]
    evidence = scene.archive.evidence(ours, at=18)
    if disclosure_of(ours, name) == disclosure_of(other, name):
        raise AssertionError("two people with one disclosure")
    report = look(presenting(evidence, "~".join((ours.jwt, *shown, ""))), scene.archive.policy(23))
    assert report.verdict is Verdict.TAMPERED
    assert not report.claims


def test_a_credential_made_to_open_to_two_people(scene: Story) -> None:
    """The institution itself lies: of two slots with holder names, one in the place of another field."""
    one = record(41)
    secret = digest(b"two people")
    sealed = commitment.seal(DEGREE, one, secret)
    second = commitment.seal(DEGREE, record(42), digest(b"other"))
    at, elsewhere = DEGREE.names.index("holder_name"), DEGREE.names.index("birthplace")
    slots = list(sealed.slots)
    slots[elsewhere] = second.slots[at]
    both = {**sealed.disclosures, "second": second.disclosures["holder_name"]}
    archive = scene.archive
    first_index = archive.size
    place = archive.place()
    lying = commitment.Sealed(schema=DEGREE, slots=tuple(slots), disclosures=both)
    tree = merkle.Tree([merkle.leaf_hash(entry.pair(lying.commitment, place))])
    (real, *_) = archive.issue(scene.ours, [one], root=tree.root)
    assert real.batch_index == first_index
    issued = entry.parse(archive.entries[real.index])
    assert isinstance(issued, entry.Issue)
    archive.entries[real.index] = replace(issued, commitment=lying.commitment, status=place).encode()
    archive.state(on_july(17, 20))
    signing_input = sd_jwt.signing_input(
        lying, kid=scene.ours.key.kid, origin=archive.origin, institution="DHSG01", status=place
    )
    signature = scene.ours.key.sign(signing_input)
    rest = [text for name, text in sealed.disclosures.items() if name != "holder_name"]
    for name, expected in (("holder_name", Verdict.VALID), ("second", Verdict.TAMPERED)):
        credential = sd_jwt.assemble(signing_input, signature, [*rest, both[name]])
        evidence = archive.evidence(replace(real, credential=credential, status=place, path=()))
        assert look(evidence, archive.policy(archive.size)).verdict is expected
    credential = sd_jwt.assemble(signing_input, signature, [*rest, both["holder_name"], both["second"]])
    evidence = archive.evidence(replace(real, credential=credential, status=place, path=()))
    assert look(evidence, archive.policy(archive.size)).verdict is Verdict.TAMPERED


def test_slots_in_another_order(scene: Story) -> None:
    """Signed anew by the institution: the commitment is another one, and no leaf has it."""
    one = scene.first[0]
    sealed = commitment.seal(DEGREE, one.record, one.secret)
    slots = list(sealed.slots)
    slots[10], slots[26] = slots[26], slots[10]
    swapped = replace(sealed, slots=tuple(slots))
    signing_input = sd_jwt.signing_input(
        swapped, kid=scene.ours.key.kid, origin=scene.archive.origin, institution="DHSG01", status=one.status
    )
    for kept in (
        list(DEGREE.names),
        [name for name in DEGREE.names if name not in {DEGREE.names[10], DEGREE.names[26]}],
    ):
        shown = [text for name, text in sealed.disclosures.items() if name in kept]
        credential = sd_jwt.assemble(signing_input, scene.ours.key.sign(signing_input), shown)
        report = look(presenting(scene.archive.evidence(one, at=18), credential), scene.archive.policy(23))
        assert report.verdict is Verdict.TAMPERED


def test_two_fields_of_one_name(scene: Story) -> None:
    one = scene.first[0]
    forged = b64(
        json.dumps([b64(bytes(16)), "classification", "Xuất sắc"], ensure_ascii=False, separators=(",", ":")).encode()
    )
    for shown in ([forged, *one.disclosures], [*one.disclosures, forged]):
        evidence = presenting(scene.archive.evidence(one, at=18), "~".join((one.jwt, *shown, "")))
        assert look(evidence, scene.archive.policy(23)).verdict is Verdict.TAMPERED


# -- a second status index ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("relog", [False, True])
def test_a_revoked_diploma_with_the_index_of_a_healthy_one(scene: Story, relog: bool) -> None:
    """The credential is signed again with another place; and then the leaf is logged again with it, too."""
    archive, (revoked, healthy, *_) = scene.archive, scene.first
    archive.act("revoke", revoked)
    forged = archive.credential(revoked.record, revoked.secret, healthy.status, scene.ours.key, "DHSG01")
    index = revoked.index
    if relog:
        issued = entry.parse(archive.entries[revoked.index])
        assert isinstance(issued, entry.Issue)
        index = archive.append(replace(issued, status=healthy.status).encode())
    archive.state(on_july(17, 20))
    evidence = archive.evidence(replace(revoked, credential=forged, index=index))
    report = look(evidence, archive.policy(archive.size))
    assert report.verdict is Verdict.TAMPERED
    assert codes(report) >= ({"not-in-batch"} if relog else {"status-place"})


def test_another_list_of_the_same_number(scene: Story) -> None:
    archive, revoked = scene.archive, scene.first[0]
    archive.act("revoke", revoked)
    archive.lists[1] = status.StatusList(1)
    archive.state(on_july(17, 20))
    evidence = replace(archive.evidence(revoked, at=18), fresh=archive.fresh(archive.size, known=[18]))
    assert evidence.fresh is not None
    zero, one = evidence.fresh.statuses
    for statuses in ([(0, one[1], one[2])], [(0, one[1], zero[2])], [(0, one[1], zero[2]), zero]):
        report = look(replace(evidence, fresh=replace(evidence.fresh, statuses=tuple(statuses))), archive.policy(25))
        assert report.verdict is Verdict.TAMPERED


# -- a foreign institution ----------------------------------------------------------------------------------------------


def test_a_genuine_key_of_another_institution_signs_a_copy(scene: Story) -> None:
    one = scene.first[0]
    for code in ("DHSG01", "DHTM02"):
        forged = scene.archive.credential(one.record, one.secret, one.status, scene.theirs.key, code)
        report = look(presenting(scene.archive.evidence(one, at=18), forged), scene.archive.policy(23))
        assert report.verdict in {Verdict.UNKNOWN_ISSUER, Verdict.TAMPERED}
        assert not report.claims


@pytest.mark.parametrize("institution", [1, 2])
def test_another_institution_logs_a_batch_in_our_name(scene: Story, institution: int) -> None:
    """Records that say DHSG01, logged and signed by the key of DHTM02 under its own ordinal or ours."""
    archive = scene.archive
    (forged, *_) = archive.issue(scene.ours, [record(41)], key=scene.theirs.key, institution=institution)
    archive.state(on_july(17, 20))
    for code in ("DHSG01", "DHTM02"):
        credential = archive.credential(forged.record, forged.secret, forged.status, scene.theirs.key, code)
        report = look(archive.evidence(replace(forged, credential=credential)), archive.policy(archive.size))
        assert report.verdict in {Verdict.UNKNOWN_ISSUER, Verdict.TAMPERED}
        assert not report.claims


def test_another_institution_amends_our_diploma(scene: Story) -> None:
    archive = scene.archive
    amended = archive.amend(scene.first[0], key=scene.theirs.key, holder_name="Y Kẻ Gian")
    archive.state(on_july(17, 20))
    report = look(archive.evidence(amended), archive.policy(archive.size))
    assert report.verdict in {Verdict.UNKNOWN_ISSUER, Verdict.TAMPERED}
    assert not report.claims


def test_a_page_of_another_institution_in_our_slot(scene: Story) -> None:
    """The ministry signed it, but for ordinal 2. It claims our code with its own key."""
    archive = scene.archive
    impostor = replace(scene.theirs.page, code="DHSG01", names=scene.ours.page.names, signatures=(), version=2)
    impostor = archive.ministry.signed(impostor)
    one = scene.first[0]
    credential = archive.credential(one.record, one.secret, one.status, scene.theirs.key, "DHSG01")
    evidence = presenting(archive.evidence(one, at=18), credential)
    assert evidence.fresh is not None
    for _, path in archive.fresh(23).authorities:
        forged = replace(evidence, fresh=replace(evidence.fresh, authorities=((impostor.encode(), path),)))
        assert look(forged, archive.policy(23)).verdict is Verdict.TAMPERED


# -- a swapped programme ------------------------------------------------------------------------------------------------


def test_a_licensed_programme_shown_over_an_unlicensed_record(scene: Story) -> None:
    archive = scene.archive
    (unlicensed, *_) = archive.issue(scene.ours, [record(41, programme="7720101")])
    archive.state(on_july(17, 20))
    licensed = disclosure_of(scene.first[0], "programme")
    evidence = archive.evidence(unlicensed)
    kept = [one for one in unlicensed.disclosures if one != disclosure_of(unlicensed, "programme")]
    policy = archive.policy(archive.size)
    assert codes(look(evidence, policy)) == {"no-power"}
    swapped = look(presenting(evidence, "~".join((unlicensed.jwt, *kept, licensed, ""))), policy)
    assert swapped.verdict is Verdict.TAMPERED
    hidden = look(presenting(evidence, "~".join((unlicensed.jwt, *kept, ""))), policy)
    assert hidden.verdict is Verdict.INCONCLUSIVE
    assert not hidden.claims


def test_an_override_for_one_programme_with_others_hidden_beside_it(scene: Story) -> None:
    """The ministry let one programme pass; the merged cell of its batch holds another one too, or an amendment turns into it."""
    archive = scene.archive
    records = [record(41, programme="7140201"), record(42, programme="7720101")]
    batch = archive.issue(scene.ours, records, ministry_too=True, override=("power:7140201",))
    allowed, hidden = sorted(batch, key=lambda one: one.record["programme"])
    turned = archive.amend(allowed, signer=archive.ministry, programme="7720101")
    archive.state(on_july(17, 20))
    policy = archive.policy(archive.size)
    assert look(archive.evidence(allowed), policy).verdict is Verdict.SUPERSEDED
    for one in (hidden, turned):
        assert codes(look(archive.evidence(one), policy)) == {"no-power"}


def test_an_amendment_that_borrows_the_override_of_another_batch(scene: Story) -> None:
    """It names a batch that the ministry let pass, instead of that of the entry it follows: evidence shows leaf and batch only."""
    archive = scene.archive
    (allowed,) = archive.issue(scene.ours, [record(41, programme="7140201")], ministry_too=True)
    ours = replace(scene.first[0], batch_index=allowed.batch_index)
    borrowed = archive.amend(ours, programme="7140201")
    granted = archive.amend(allowed, signer=archive.ministry, holder_name="Y Brŭ Mlô")
    archive.state(on_july(17, 20))
    policy = archive.policy(archive.size)
    assert "no-power" in codes(look(archive.evidence(borrowed), policy))
    assert look(archive.evidence(granted), policy).verdict is Verdict.VALID


def kept_elsewhere(scene: Story, signer: str) -> tuple[Evidence, Policy]:
    """Our register went to a third institution; then somebody with a key that is not on our page amended a diploma of it."""
    keeper = scene.archive.accredit("SGD03", "Sở Giáo dục và Đào tạo Mẫu")
    scene.archive.change_page(scene.ours, custodian=keeper.ordinal)
    amended = scene.archive.amend(scene.first[0], signer=Key(signer), holder_name="Y Kẻ Gian")
    scene.archive.state(on_july(17, 20))
    return scene.archive.evidence(amended), scene.archive.policy(scene.archive.size)


def test_a_page_that_makes_the_attacker_the_keeper(scene: Story) -> None:
    """The attacker writes a page with the ordinal of the true keeper and a key of its own, under any ministry."""
    evidence, policy = kept_elsewhere(scene, "attacker")
    assert evidence.fresh is not None
    assert codes(look(evidence, policy)) == {"act-signature"}
    ours, (_, path) = evidence.fresh.authorities
    page = scene.archive.institutions[3].page
    own = replace(page, keys=(KeyWindow(jwk=Key("attacker").jwk, holder="x", start=0),), signatures=())
    for ministry in (scene.archive.ministry, Key("another ministry")):
        forged = ministry.signed(own).encode()
        report = look(replace(evidence, fresh=replace(evidence.fresh, authorities=(ours, (forged, path)))), policy)
        assert report.verdict is Verdict.TAMPERED
        assert "page-not-in-state" in codes(report)


def test_an_act_by_an_institution_that_does_not_keep_the_register(scene: Story) -> None:
    """A genuine institution with a genuine page amends what another one keeps; it brings its page and leaves out the other."""
    evidence, policy = kept_elsewhere(scene, "DHTM02")
    assert evidence.fresh is not None
    whole = scene.archive.fresh(scene.archive.size).authorities
    assert look(replace(evidence, fresh=replace(evidence.fresh, authorities=whole)), policy).verdict is Verdict.TAMPERED
    report = look(replace(evidence, fresh=replace(evidence.fresh, authorities=whole[:2])), policy)
    assert codes(report) == {"act-signature"}


def test_the_keeper_itself_with_a_key_that_is_not_on_our_page(scene: Story) -> None:
    """What it signs with its own key would turn false as soon as the register goes on: it is never true."""
    evidence, policy = kept_elsewhere(scene, "SGD03")
    assert codes(look(evidence, policy)) == {"act-signature"}


def test_a_record_that_the_public_tally_does_not_know(scene: Story) -> None:
    """Five of the licensed programme are announced; one of the six records is of another one."""
    archive = scene.archive
    records = [record(41, programme="7720101"), *(record(number) for number in range(42, 47))]
    diplomas = archive.issue(scene.ours, records, tally=(("7480201", "full-time", "", 6),))
    archive.state(on_july(17, 20))
    (odd,) = [one for one in diplomas if one.record["programme"] == "7720101"]
    report = look(archive.evidence(odd), archive.policy(archive.size))
    assert report.verdict is Verdict.TAMPERED
    assert codes(report) >= {"programme", "no-power"}


# -- a stolen key -------------------------------------------------------------------------------------------------------


def cut(scene: Story, at: int) -> None:
    (key,) = scene.ours.page.keys
    scene.archive.change_page(
        scene.ours, keys=(replace(key, until=at), KeyWindow(jwk=Key("new").jwk, holder="x", start=at))
    )


def test_a_batch_logged_after_the_key_was_cut(scene: Story) -> None:
    archive = scene.archive
    cut(scene, archive.size)
    (forged, *_) = archive.issue(scene.ours, [record(41)])
    archive.state(on_july(17, 20))
    policy = archive.policy(archive.size)
    report = look(archive.evidence(forged), policy)
    assert report.verdict is Verdict.UNKNOWN_ISSUER
    # The same, with the credential signed by the new key: the leaf decides, not the signature above it.
    again = archive.credential(forged.record, forged.secret, forged.status, Key("new"), "DHSG01")
    report = look(presenting(archive.evidence(forged), again), policy)
    assert report.verdict is Verdict.UNKNOWN_ISSUER
    assert codes(report) == {"key-not-in-force"}
    for genuine in scene.first:
        assert look(archive.evidence(genuine), policy).verdict is Verdict.VALID


def test_a_genuine_record_signed_again_with_the_stolen_key(scene: Story) -> None:
    """Whoever holds the key and the record learns nothing new: the same leaf, the same status."""
    archive, one = scene.archive, scene.first[0]
    cut(scene, archive.size)
    archive.act("revoke", one, key=Key("new"))
    archive.state(on_july(17, 20))
    forged = archive.credential(one.record, one.secret, one.status, scene.ours.key, "DHSG01")
    report = look(presenting(archive.evidence(one), forged), archive.policy(archive.size))
    assert report.verdict is Verdict.REVOKED


def test_an_invented_record_signed_with_the_stolen_key(scene: Story) -> None:
    one = scene.first[0]
    invented = scene.archive.credential(
        dict(one.record) | {"holder_name": "Y Kẻ Gian"}, one.secret, one.status, scene.ours.key, "DHSG01"
    )
    report = look(presenting(scene.archive.evidence(one, at=18), invented), scene.archive.policy(23))
    assert report.verdict is Verdict.TAMPERED
    assert codes(report) == {"commitment"}


# -- an old authority page ----------------------------------------------------------------------------------------------


def test_the_page_from_before_a_cut(scene: Story) -> None:
    archive = scene.archive
    before = archive.evidence(scene.first[0], at=18)
    assert before.fresh is not None
    cut(scene, scene.first[0].batch_index)
    archive.state(on_july(17, 20))
    policy = archive.policy(archive.size)
    now = archive.evidence(scene.first[0])
    assert now.fresh is not None
    assert look(now, policy).verdict is Verdict.UNKNOWN_ISSUER
    for path in (before.fresh.authorities[0][1], now.fresh.authorities[0][1]):
        old = ((before.fresh.authorities[0][0], path),)
        report = look(replace(now, fresh=replace(now.fresh, authorities=old)), policy)
        assert report.verdict is Verdict.TAMPERED
        both = (*old, *now.fresh.authorities)
        assert look(replace(now, fresh=replace(now.fresh, authorities=both)), policy).verdict is Verdict.TAMPERED


def test_the_whole_state_from_before_a_cut(scene: Story) -> None:
    """All of yesterday, complete and true. Who has seen today's state refuses it; who has not sees how old it is."""
    archive = scene.archive
    before = archive.evidence(scene.first[0], at=18)
    cut(scene, scene.first[0].batch_index)
    today = archive.state(on_july(17, 20))
    policy = archive.policy(18, 23)
    assert look(before, policy).verdict is Verdict.VALID  # "what is not prevented": within max_status_age
    report = look(before, replace(policy, seen=archive.seen(today, archive.size)))
    assert report.verdict is Verdict.INCONCLUSIVE
    assert codes(report) == {"rolled-back"}
    assert codes(look(before, policy, now=on_july(18, 19))) >= {"stale"}
    own = archive.fresh(archive.size, known=[18, 23])
    assert look(before, archive.policy(archive.size), fresh=own).verdict is Verdict.UNKNOWN_ISSUER


# -- a fork -------------------------------------------------------------------------------------------------------------


def forked(scene: Story) -> tuple[Archive, Evidence]:
    """The log revokes a diploma at 23, and signs a second tree from 23 in which it does not."""
    archive = scene.archive
    second = archive.fork(23)
    archive.act("revoke", scene.first[0])
    archive.state(on_july(17, 20))
    second.append(entry.Authority(institution=9, version=1, page=bytes(32)).encode())
    second.state(on_july(17, 20))
    assert second.size == archive.size == 25
    return second, second.evidence(scene.first[0], at=18, known=[23])


def test_a_fork_against_the_anchor_of_the_other_tree(scene: Story) -> None:
    second, forged = forked(scene)
    assert look(forged, second.policy(25)).verdict is Verdict.VALID, "consistent in itself"
    report = look(forged, scene.archive.policy(18, 25))
    assert report.verdict is Verdict.INCONCLUSIVE
    assert codes(report) == {"contradiction"}


def test_a_fork_beyond_the_anchor_of_the_other_tree(scene: Story) -> None:
    second, _ = forked(scene)
    for number in range(3):
        second.state(on_july(17, 21) + timedelta(minutes=number))
    forged = second.evidence(scene.first[0], at=18, known=[23, 25])
    report = look(forged, scene.archive.policy(18, 25))
    assert report.verdict is Verdict.INCONCLUSIVE
    assert "no-link" in codes(report)


def test_a_fork_between_the_two_halves(scene: Story) -> None:
    """The leaf stands in a tree that was never anchored; the fresh half is genuine."""
    archive = scene.archive
    second = archive.fork(17)
    (invented, *_) = second.issue(scene.ours, [record(66)])
    assert second.size == 19
    lasting = second.lasting(invented, 19)
    for links in ((), (second.link(17, 19),), (Link(start=19, end=23, proof=archive.link(19, 23).proof),)):
        fresh = replace(archive.fresh(23), links=links)
        report = look(Evidence(lasting=lasting, fresh=fresh), archive.policy(18, 23))
        assert report.verdict in {Verdict.INCONCLUSIVE, Verdict.TAMPERED}
        assert codes(report) & {"no-link", "not-consistent"}


def test_a_fork_against_the_memory_and_the_own_half(scene: Story) -> None:
    archive = scene.archive
    second, forged = forked(scene)
    own = archive.fresh(25, known=[18, 23])
    assert look(forged, second.policy(18, 23), fresh=own).verdict is Verdict.TAMPERED
    remembering = archive.policy(18, 23, seen=archive.seen(24, 25))
    report = look(forged, remembering)
    assert report.verdict is Verdict.TAMPERED
    assert "fork" in codes(report)


def test_a_fork_of_the_forger_alone(scene: Story) -> None:
    """A complete archive, consistent in itself, under the same origin, with other keys for everything."""
    forger = Archive(ministry=Key("forger's ministry"), log_name="forger's log")
    ours = forger.accredit("DHSG01", "Trường Đại học Sông Gốc", key=Key("forger"))
    (forged, *_) = forger.issue(ours, [record(1)])
    forger.state(on_july(17))
    evidence = forger.evidence(forged)
    assert look(evidence, forger.policy(forger.size)).verdict is Verdict.VALID
    for policy in (scene.archive.policy(23), scene.archive.policy(), scene.archive.policy(forger.size)):
        report = look(evidence, policy)
        assert report.verdict in {Verdict.TAMPERED, Verdict.UNKNOWN_ISSUER}
        assert not report.claims
    elsewhere = Archive(origin="elsewhere.example/1", ministry=Key("forger's ministry"), log_name="forger's log")
    ours = elsewhere.accredit("DHSG01", "Trường Đại học Sông Gốc", key=Key("forger"))
    (forged, *_) = elsewhere.issue(ours, [record(1)])
    elsewhere.state(on_july(17))
    assert look(elsewhere.evidence(forged), scene.archive.policy(23)).verdict is Verdict.UNKNOWN_ISSUER


# -- a restored backup --------------------------------------------------------------------------------------------------


def test_an_archive_that_ran_on_from_an_old_backup(scene: Story) -> None:
    """What it says after the restore is a second tree: no verifier that saw the first one calls it valid."""
    archive = scene.archive
    restored = archive.fork(18)
    restored.given -= 3  # the places of the lost batch are given out again
    (reissued, *_) = restored.issue(scene.ours, [record(51)])
    restored.state(on_july(17, 20))
    evidence = restored.evidence(reissued, known=[18])
    saw = archive.policy(18, 23)
    for policy in (saw, replace(saw, seen=archive.seen(22, 23)), archive.policy(20)):
        report = look(evidence, policy)
        assert report.verdict not in {Verdict.VALID, Verdict.PENDING, Verdict.SUPERSEDED}
    # What nobody can know who saw only the tree of 18: that is why the lock refuses to run on.
    assert look(evidence, archive.policy(18)).verdict is Verdict.PENDING


# -- further ------------------------------------------------------------------------------------------------------------


def test_a_credential_with_the_leaf_of_another(scene: Story) -> None:
    one, other = scene.first[:2]
    report = look(presenting(scene.archive.evidence(other, at=18), one.credential), scene.archive.policy(23))
    assert report.verdict is Verdict.TAMPERED
    assert codes(report) == {"commitment", "status-place"}


def test_the_evidence_of_a_superseded_version(scene: Story) -> None:
    """The holder of the old version cannot pass it off with the place of the new one."""
    archive, old = scene.archive, scene.first[0]
    new = archive.amend(old, classification="Trung bình")
    archive.state(on_july(17, 20))
    policy = archive.policy(archive.size)
    assert look(archive.evidence(old), policy).verdict is Verdict.SUPERSEDED
    assert look(presenting(archive.evidence(new), old.credential), policy).verdict is Verdict.TAMPERED
    again = archive.credential(old.record, old.secret, new.status, scene.ours.key, "DHSG01")
    assert look(presenting(archive.evidence(new), again), policy).verdict is Verdict.TAMPERED


def test_an_act_of_another_log_or_purpose_is_no_batch(scene: Story) -> None:
    """The institution's true signature under a batch of another archive does not count in this one."""
    archive = scene.archive
    batch = entry.parse(archive.entries[scene.first[0].batch_index])
    assert isinstance(batch, entry.Batch)
    moved = scene.ours.key.signed(replace(batch, signatures=()), origin="elsewhere.example/1")
    at = archive.append(moved.encode())
    issued = entry.parse(archive.entries[scene.first[0].index])
    assert isinstance(issued, entry.Issue)
    archive.append(replace(issued, batch=merkle.leaf_hash(moved.encode())).encode())
    archive.state(on_july(17, 20))
    one = replace(scene.first[0], batch_index=at, index=at + 1)
    report = look(archive.evidence(one), archive.policy(archive.size))
    assert report.verdict is Verdict.TAMPERED
    assert "act-signature" in codes(report)


def test_an_invented_anchor(scene: Story) -> None:
    """Whatever evidence says of a chain, only what the verifier saw counts."""
    evidence = scene.archive.evidence(scene.first[0], at=18)
    invented = scene.archive.observation(23).to_json()
    evidence = replace(evidence, lasting=replace(evidence.lasting, anchor=invented))
    report = look(evidence, scene.archive.policy())
    assert report.verdict is Verdict.INCONCLUSIVE
    assert codes(report) == {"not-observed"}


def test_a_stolen_anchoring_key_makes_nothing_valid_and_nothing_forged(scene: Story) -> None:
    evidence = scene.archive.evidence(scene.first[0], at=18)
    for size in (18, 20, 23, 400):
        foreign = scene.archive.observation(size, root=digest(b"a tree that the log never had"))
        report = look(evidence, scene.archive.policy(anchors=(foreign,)))
        assert report.verdict is Verdict.INCONCLUSIVE


def test_a_long_path_and_a_long_proof(scene: Story) -> None:
    evidence = scene.archive.evidence(scene.first[0], at=18)
    leaf = evidence.lasting.leaf
    assert leaf is not None
    for proof in (leaf.proof * 12, (*leaf.proof, bytes(32)), leaf.proof[:-1], ()):
        forged = replace(evidence, lasting=replace(evidence.lasting, leaf=replace(leaf, proof=proof)))
        assert look(forged, scene.archive.policy(23)).verdict in {Verdict.TAMPERED, Verdict.UNREADABLE}


def test_two_checkpoints_that_are_no_consistent_pair(scene: Story) -> None:
    second, _ = forked(scene)
    evidence = scene.archive.evidence(scene.first[0], at=25)
    other = second.fresh(25)
    assert look(replace(evidence, fresh=other), scene.archive.policy(25)).verdict is Verdict.TAMPERED
    second.state(on_july(17, 21))
    for links in ((), (second.link(25, 26),)):
        report = look(replace(evidence, fresh=replace(second.fresh(26), links=links)), scene.archive.policy(25, 26))
        assert report.verdict in {Verdict.TAMPERED, Verdict.INCONCLUSIVE}


def test_a_late_record_that_is_to_look_timely(scene: Story) -> None:
    """An award date of a time when the institution had the power: whoever hides when it was logged is told apart all the same."""
    archive = scene.archive
    (late, *_) = archive.issue(scene.ours, [record(31, awarded_on="2026-06-15", decided_on="2026-06-01")])
    archive.state(on_july(17, 20))
    archive.state(on_july(17, 21))
    evidence, policy = archive.evidence(late), archive.policy(archive.size)
    states = [archive.logged(index, archive.size) for index in archive.snapshots]
    shown = [(earlier, later) for earlier in (None, *states) for later in (None, *states)]
    seen = set()
    for after, before in shown:
        report = look(replace(evidence, lasting=replace(evidence.lasting, after=after, before=before)), policy)
        if report.verdict is Verdict.VALID:
            seen.add(frozenset(note.code for note in report.notes))
    assert seen == {frozenset({"late"}), frozenset({"log-time"})}


@pytest.mark.parametrize("swapped", ["mode", "admitted_on"])
def test_a_mode_and_an_intake_of_two_cells(swapped: str) -> None:
    """Each stands in the public tally with the programme, and never both together."""
    archive = Archive()
    ours = archive.accredit("DHSG01", "Trường Đại học Sông Gốc")
    archive.change_page(ours, powers=(replace(ours.page.powers[0], mode="*"),))
    full = [record(number, admitted_on="2022-09") for number in range(1, 7)]
    part = [record(number, mode="in-service", admitted_on="2020-09") for number in range(11, 17)]
    false = record(1, admitted_on="2022-09") | {swapped: {"mode": "in-service", "admitted_on": "2020-09"}[swapped]}
    said = (("7480201", "full-time", "2022", 6), ("7480201", "in-service", "2020", 6))
    diplomas = archive.issue(ours, [false, *full[1:], *part], tally=said)
    archive.state(on_july(17))
    (ours_false,) = [one for one in diplomas if one.record == false]
    report = look(archive.evidence(ours_false), archive.policy(archive.size))
    assert codes(report) == {"intake"}
    assert report.verdict is Verdict.TAMPERED


def test_a_name_that_was_put_right_makes_no_diploma_false(scene: Story) -> None:
    """The page may only add the right name: both were the institution's, and nobody holds a forgery for a typing error."""
    archive, name = scene.archive, scene.ours.page.names[0]
    archive.change_page(scene.ours, names=(name, replace(name, vi="Trường Đại học Sông Gốc Hạ")))
    archive.state(on_july(17, 20))
    report = look(archive.evidence(scene.first[0]), archive.policy(archive.size))
    assert report.verdict is Verdict.VALID
    assert report.issuer["vi"] == "Trường Đại học Sông Gốc Hạ"
