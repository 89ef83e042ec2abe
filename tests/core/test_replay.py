"""The replay: right histories pass, and every way to be wrong is named once, at its index."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from hashlib import sha256

import pytest

from sogoc.core import entry
from sogoc.core.authority import KeyWindow
from sogoc.core.faults import FAULTS
from sogoc.core.merkle import leaf_hash
from sogoc.core.status import StatusList
from tests.histories import KEYS, MINISTRY, SECOND_MINISTRY, START, STRANGER, History, an_archive, hash_of

Named = list[tuple[int, str]]
Seed = Callable[[History], Named]


@cache
def _archive() -> History:
    return an_archive()


def archive() -> History:
    return copy.deepcopy(_archive())


# Places in `an_archive`: qualifications of institution 1, and one of institution 3 (custodian 1).
BATCH, PLAIN, REVOKED, AMENDED, CANCELLED = 4, 10, 5, 7, 8
REINSTATED = 6


def named(history: History) -> Named:
    return [(fault.index, fault.code) for fault in history.faults() if fault.index is not None]


def test_a_history_of_everything_is_right() -> None:
    history = archive()
    assert {entry.parse(one).encode() for one in history.entries} == set(history.entries)
    assert len({type(entry.parse(one)) for one in history.entries}) == 8
    assert history.faults() == []


def test_it_counts_what_it_read() -> None:
    history = archive()
    machine = history.replay()
    for one in history.entries:
        machine.feed(one)
    assert machine.counts == {
        ("state", 0): 4, ("key-cut", 0): 1, ("custody", 3): 1,
        ("authority", 1): 1, ("authority", 2): 2, ("authority", 3): 2,
        ("batch", 1): 1, ("batch", 2): 2, ("batch", 3): 1,
        ("issue", 1): 7, ("issue", 2): 4, ("issue", 3): 2,
        ("revoke", 1): 1, ("cancel", 1): 1, ("suspend", 1): 1, ("suspend", 3): 1, ("reinstate", 1): 1,
        ("amend", 1): 1, ("reissue", 1): 1,
    }  # fmt: skip
    assert machine.size == history.size == machine.counts.total()
    assert machine.state_index == history.size - 1
    assert machine.state_at == history.now
    assert machine.state_lists == [
        leaf_hash(StatusList(number, content).leaf()) for number, content in enumerate(history.lists())
    ]
    assert machine.pages == {1: 1, 2: 2, 3: 2}
    assert machine.open_batch is None


def test_a_log_may_end_inside_a_batch() -> None:
    history = History()
    at = history.issue(history.accredit(), history.pairs(5))
    machine = history.replay()
    for one in history.entries[:-2]:
        assert machine.feed(one) == []
    assert machine.open_batch == (at, 2)


def test_other_ministry_keys_vouch_for_nothing() -> None:
    history = History()
    history.issue(history.accredit(), history.pairs(1))
    assert [fault.code for fault in history.faults(ministry=[STRANGER])] == ["page-signature", "author"]


# -- one fault at a time ------------------------------------------------------------------------------------------------


def next_page(history: History, ordinal: int, *keys: KeyWindow) -> int:
    """Log a page that adds these keys."""
    page = history.page(ordinal)
    return history.log_page(replace(page, keys=(*page.keys, *keys)))


def unlogged(history: History, content: bytes) -> Named:
    """Let an authority entry name these bytes as the next page of institution 1."""
    history.files[1, 2] = content
    at = history.append(entry.Authority(institution=1, version=2, page=sha256(content).digest()))
    history.logged_pages[1] = sha256(content).digest()
    return [(at, "")]


def of(code: str, *at: int) -> Named:
    return [(index, code) for index in at]


def gap(history: History) -> Named:
    at = history.log_page(history.page(9))
    del history.logged_pages[9]
    return of("ordinal-gap", at)


def version_again(history: History) -> Named:
    return of("version", history.append(history.entries[1]))


def version_left_out(history: History) -> Named:
    return of("version", history.log_page(history.page(1, version=3)))


def page_missing(history: History) -> Named:
    at = history.log_page(history.page(1))
    del history.files[1, 2]
    return of("page-missing", at)


def page_exchanged(history: History) -> Named:
    at = history.log_page(history.page(1))
    history.files[1, 2] = history.files[1, 1]
    return of("page-digest", at)


def page_malformed(history: History) -> Named:
    return [(at, "page-malformed") for at, _ in unlogged(history, b"{}")]


def page_of_another(history: History) -> Named:
    return [(at, "page-other") for at, _ in unlogged(history, history.files[2, 2])]


def page_by_stranger(history: History) -> Named:
    return of("page-signature", history.log_page(history.page(1), by=STRANGER))


def page_for_another_log(history: History) -> Named:
    return of("page-signature", history.log_page(history.page(1), origin="other.example"))


def page_by_cut_ministry(history: History) -> Named:
    history.cut(SECOND_MINISTRY, history.size + 1)
    return of("page-signature", history.log_page(history.page(1), by=SECOND_MINISTRY))


def code_twice(history: History) -> Named:
    history.accredit(code="TRUONG01")
    return of("code-used", history.size - 1)


def key_of_another(history: History) -> Named:
    return of("key-used", next_page(history, 1, KeyWindow(jwk=KEYS[3].jwk, holder="", start=history.size)))


def key_of_the_ministry(history: History) -> Named:
    return of("key-used", next_page(history, 1, KeyWindow(jwk=MINISTRY.jwk, holder="", start=history.size)))


def key_dropped(history: History) -> Named:
    return of("succession", history.log_page(history.page(1, keys=())))


def window_widened(history: History) -> Named:
    for until in (90, 91):
        page = history.page(1)
        history.log_page(replace(page, keys=(replace(page.keys[0], until=until),)))
    return of("succession", history.size - 1)


def cut_ignored(history: History) -> Named:
    history.cut(KEYS[1], history.size + 1)
    return of("cut-ignored", history.log_page(history.page(1)))


def act_by_stranger(history: History) -> Named:
    return of("author", history.act("suspend", PLAIN, by=STRANGER))


def act_by_another_institution(history: History) -> Named:
    return of("author", history.act("revoke", PLAIN, by=KEYS[12]))


def act_by_the_institution_in_custody(history: History) -> Named:
    return of("author", history.act("revoke", PLAIN, by=KEYS[3]))


def act_by_the_keepers_own_key(history: History) -> Named:
    """Institution 1 keeps the register of 3, and acts for it with the key that stands on the page of 3."""
    return of("author", history.act("revoke", history.newest[-1], by=KEYS[1]))


def amendment_by_stranger(history: History) -> Named:
    return of("author", history.follow("amend", PLAIN, by=STRANGER))


def cut_by_institution(history: History) -> Named:
    return of("author", history.cut(KEYS[2], 0, by=KEYS[1]))


def batch_by_custodian(history: History) -> Named:
    return of("author", history.issue(3, history.pairs(2), by=[KEYS[1]]))


def batch_by_the_ministry_alone(history: History) -> Named:
    return of("author", history.issue(1, history.pairs(1), by=[MINISTRY]))


def batch_of_nobody(history: History) -> Named:
    return of("author", history.issue(7, history.pairs(1)))


def batch_by_old_key(history: History) -> Named:
    return of("key-window", history.issue(2, history.pairs(2), by=[KEYS[2]]))


def batch_by_key_just_cut(history: History) -> Named:
    history.cut(KEYS[1], history.size + 1)
    return of("key-window", history.issue(1, history.pairs(2)))


def act_by_future_key(history: History) -> Named:
    next_page(history, 1, KeyWindow(jwk=KEYS[13].jwk, holder="", start=history.size + 2))
    at = history.act("suspend", PLAIN, by=KEYS[13])
    history.last[PLAIN] = PLAIN
    history.act("reinstate", PLAIN, by=KEYS[13])
    return of("key-window", at)


def act_by_cut_ministry(history: History) -> Named:
    history.cut(SECOND_MINISTRY, history.size + 1)
    return of("key-window", history.act("revoke", PLAIN, by=SECOND_MINISTRY))


def act_changed_after_signing(history: History) -> Named:
    at = history.act("revoke", PLAIN)
    one = entry.parse(history.entries[at])
    assert isinstance(one, entry.StatusAct)
    history.entries[at] = replace(one, wording="issuer-error").encode()
    return of("signature", at)


def act_signed_for_another_log(history: History) -> Named:
    at = history.act("revoke", PLAIN)
    one = entry.parse(history.entries[at])
    assert isinstance(one, entry.StatusAct)
    history.entries[at] = KEYS[1].signed(replace(one, signatures=()), origin="other.example").encode()
    return of("signature", at)


def override_without_ministry(history: History) -> Named:
    pairs = history.pairs(2)
    return of("override", history.issue(3, pairs, batch=history.draft(3, pairs, override=("power:7140201",))))


def amendment_past_the_powers_without_ministry(history: History) -> Named:
    """Of a batch that the ministry let pass; whatever its amendment says, the tally need not show it."""
    return of("override", history.follow("amend", history.newest[-2]))


def decision_exceeded(history: History) -> Named:
    said = {"decision_number": "9/QĐ", "decision_total": 5}
    for count in (3, 2):
        pairs = history.pairs(count)
        history.issue(1, pairs, batch=history.draft(1, pairs, **said))
    pairs = history.pairs(1)
    return of("decision-total", history.issue(1, pairs, batch=history.draft(1, pairs, **said)))


def decision_with_another_total(history: History) -> Named:
    def issue(total: int) -> int:
        pairs = history.pairs(2)
        return history.issue(1, pairs, batch=history.draft(1, pairs, decision_number="9/QĐ", decision_total=total))

    issue(5)
    return of("decision-total", issue(9))


def decision_spelt_otherwise(history: History) -> Named:
    pairs = history.pairs(2)
    history.issue(1, pairs, batch=history.draft(1, pairs, decision_number="9/QĐ-A", decision_total=5))
    pairs = history.pairs(2)
    at = history.issue(1, pairs, batch=history.draft(1, pairs, decision_number="9 / qd a", decision_total=5))
    return of("decision-spelling", at)


def decision_exceeded_in_another_spelling(history: History) -> Named:
    pairs = history.pairs(2)
    history.issue(1, pairs, batch=history.draft(1, pairs, decision_number="9/QĐ-A", decision_total=2))
    pairs = history.pairs(2)
    at = history.issue(1, pairs, batch=history.draft(1, pairs, decision_number="09/QĐ-A", decision_total=2))
    return [(at, "decision-spelling"), (at, "decision-total")]


def custody_without_the_ministry(history: History) -> Named:
    return of("author", history.hand_over(1, 3, by=[KEYS[1], KEYS[14]]))


def custody_without_who_receives(history: History) -> Named:
    return of("author", history.hand_over(1, 3, by=[MINISTRY, KEYS[1]]))


def custody_without_who_keeps(history: History) -> Named:
    """Institution 1 keeps the register of 3 since it was handed over: 3 itself cannot pass it on."""
    return of("author", history.hand_over(3, 2, by=[MINISTRY, KEYS[3], KEYS[12]]))


def custody_of_nobody(history: History) -> Named:
    return of("custody", history.hand_over(7, 1, by=[MINISTRY, KEYS[1]]))


def custody_kept_back(history: History) -> Named:
    """Signed while institution 1 kept the register of 3; another page of 3 came first."""
    version = history.pages[3].version
    history.log_page(history.page(3))
    return of("custody", history.hand_over(3, 2, by=[MINISTRY, KEYS[1], KEYS[12]], version=version))


def key_left_to_who_handed_over(history: History) -> Named:
    history.hand_over(1, 2, by=[MINISTRY, KEYS[1], KEYS[12]])
    return of("custody", history.log_page(history.page(1, custodian=2)))


def custody_to_who_keeps(history: History) -> Named:
    return of("custody", history.hand_over(3, 1, by=[MINISTRY, KEYS[1]]))


def new_award_of_a_kept_register(history: History) -> Named:
    pairs = history.pairs(2)
    return of("provenance", history.issue(3, pairs, batch=history.draft(3, pairs, provenance="A")))


def key_for_the_past(history: History) -> Named:
    return of("key-backdated", next_page(history, 1, KeyWindow(jwk=KEYS[13].jwk, holder="", start=history.size - 1)))


def page_with_another_keeper(history: History) -> Named:
    return of("custody", history.log_page(history.page(1, custodian=3)))


def batch_cut_short(history: History) -> Named:
    history.issue(1, history.pairs(3))
    history.entries.pop()
    return of("batch-cut-short", history.size)


def issue_alone(history: History) -> Named:
    ((commitment, place),) = history.pairs(1)
    return of("stray-issue", history.issued(BATCH, commitment, place, 1))


def one_more_than_signed(history: History) -> Named:
    history.issue(1, history.pairs(2))
    ((commitment, place),) = history.pairs(1)
    return of("stray-issue", history.issued(BATCH, commitment, place, 1))


def malformed_in_batch(history: History) -> Named:
    batch = history.issue(1, history.pairs(4))
    history.entries[batch + 2] = b"not JSON"
    return [(batch + 2, "malformed"), (batch, "batch-root")]


def issue_of_other_batch(history: History) -> Named:
    at = history.issue(1, history.pairs(3)) + 2
    one = entry.parse(history.entries[at])
    assert isinstance(one, entry.Issue)
    history.entries[at] = replace(one, batch=history.leaf(BATCH)).encode()
    return of("other-batch", at)


def amendment_of_other_batch(history: History) -> Named:
    return of("other-batch", history.follow("amend", PLAIN, batch=history.leaf(12)))


def issue_of_other_institution(history: History) -> Named:
    at = history.issue(1, history.pairs(3)) + 2
    one = entry.parse(history.entries[at])
    assert isinstance(one, entry.Issue)
    history.entries[at] = replace(one, institution=2).encode()
    return of("institution", at)


def act_of_other_institution(history: History) -> Named:
    return of("institution", history.act("revoke", PLAIN, institution=2))


def batch_out_of_order(history: History) -> Named:
    at = history.issue(1, history.pairs(3)[::-1])
    return of("batch-order", at + 2, at + 3)


def batch_of_other_pairs(history: History) -> Named:
    return of("batch-root", history.issue(1, history.pairs(3), batch=history.draft(1, history.pairs(3))))


def commitment_again(history: History) -> Named:
    old = entry.parse(history.entries[PLAIN])
    assert isinstance(old, entry.Issue)
    ((_, place),) = history.pairs(1)
    return of("commitment-used", history.issue(2, [(old.commitment, place)], by=[KEYS[12]]) + 1)


def commitment_kept_in_amendment(history: History) -> Named:
    old = entry.parse(history.entries[PLAIN])
    assert isinstance(old, entry.Issue)
    return of("commitment-used", history.follow("amend", PLAIN, commitment=old.commitment))


def place_again(history: History) -> Named:
    ((commitment, _),) = history.pairs(1)
    return of("place-used", history.issue(1, [(commitment, history.place[PLAIN])]) + 1)


def place_kept_in_amendment(history: History) -> Named:
    return of("place-used", history.follow("amend", PLAIN, status=history.place[PLAIN]))


def place_in_a_far_list(history: History) -> Named:
    at = history.issue(1, history.pairs(1, number=10_000))
    history.status = {place: now for place, now in history.status.items() if place[0] < 10_000}
    return of("place-far", at + 1)


def act_on_a_state(history: History) -> Named:
    return of("target", history.act("revoke", PLAIN, target=0, previous=0))


def act_on_the_future(history: History) -> Named:
    return of("target", history.act("revoke", PLAIN, target=history.size + 1))


def amendment_of_a_batch(history: History) -> Named:
    return of("target", history.follow("amend", PLAIN, follows=BATCH))


def act_on_superseded(history: History) -> Named:
    return of("not-newest", history.act("revoke", AMENDED))


def second_amendment(history: History) -> Named:
    history.newest.append(AMENDED)
    return of("not-newest", history.follow("amend", AMENDED))


def act_kept_back(history: History) -> Named:
    return of("previous", history.act("suspend", REINSTATED, previous=REINSTATED))


def amendment_kept_back(history: History) -> Named:
    return of("previous", history.follow("reissue", REINSTATED, previous=REINSTATED))


def reinstated_after_revocation(history: History) -> Named:
    return of("after-revocation", history.act("reinstate", REVOKED, by=MINISTRY))


def amended_after_cancellation(history: History) -> Named:
    return of("after-revocation", history.follow("amend", CANCELLED, by=MINISTRY))


def amended_while_suspended(history: History) -> Named:
    target = history.newest[-1]
    return of("after-suspension", history.follow("amend", target, by=MINISTRY))


def reinstated_in_spite_of_the_ministry(history: History) -> Named:
    history.act("suspend", PLAIN, by=SECOND_MINISTRY)
    history.act("suspend", PLAIN)
    at = history.act("reinstate", PLAIN)
    history.last[PLAIN] = at - 1
    history.act("reinstate", PLAIN, by=MINISTRY)
    return of("author", at)


def id_again(history: History) -> Named:
    old = entry.parse(history.entries[15])
    assert isinstance(old, entry.StatusAct)
    return of("id-used", history.act("suspend", PLAIN, id=old.id))


def act_again(history: History) -> Named:
    """An act that was logged, once more: every rule that it breaks is named."""
    at = history.append(history.entries[19])
    return [(at, "id-used"), (at, "previous")]


SEEDS: list[Seed] = [
    gap, version_again, version_left_out, page_missing, page_exchanged, page_malformed, page_of_another,
    page_by_stranger, page_for_another_log, page_by_cut_ministry, code_twice, key_of_another, key_of_the_ministry,
    key_dropped, window_widened, cut_ignored, act_by_stranger, act_by_another_institution,
    act_by_the_institution_in_custody, act_by_the_keepers_own_key, amendment_by_stranger, cut_by_institution, batch_by_custodian,
    batch_by_the_ministry_alone, batch_of_nobody, batch_by_old_key, batch_by_key_just_cut, act_by_future_key,
    act_by_cut_ministry, act_changed_after_signing, act_signed_for_another_log, override_without_ministry,
    amendment_past_the_powers_without_ministry, decision_exceeded, decision_with_another_total,
    decision_spelt_otherwise, decision_exceeded_in_another_spelling,
    custody_without_the_ministry, custody_without_who_receives,
    custody_without_who_keeps, custody_of_nobody, custody_kept_back, key_left_to_who_handed_over,
    custody_to_who_keeps, new_award_of_a_kept_register,
    key_for_the_past, page_with_another_keeper,
    batch_cut_short, issue_alone, one_more_than_signed, malformed_in_batch, issue_of_other_batch,
    amendment_of_other_batch, issue_of_other_institution, act_of_other_institution, batch_out_of_order,
    batch_of_other_pairs, commitment_again, commitment_kept_in_amendment, place_again, place_kept_in_amendment,
    place_in_a_far_list, act_on_a_state, act_on_the_future, amendment_of_a_batch, act_on_superseded, second_amendment,
    act_kept_back, amendment_kept_back, reinstated_after_revocation, amended_after_cancellation,
    amended_while_suspended, reinstated_in_spite_of_the_ministry, id_again, act_again,
]  # fmt: skip

STATES = [
    ("state-time", {"at": START}),
    ("state-authority", {"authority_size": 5}),
    ("state-authority", {"authority_root": hash_of("other")}),
    ("state-status", {"status_size": 1}),
    ("state-status", {"status_size": 2**40}),
    ("state-status", {"status_root": hash_of("other")}),
]
MALFORMED = [b"", b"{}", b"null", b'{"act":"custody"}', b'{"act": "state"}', b"\xff" * 100, b"[" * 5000]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_fault_is_named_once_and_changes_nothing_further(seed: Seed) -> None:
    history = archive()
    before = dict(history.status)
    expected = seed(history)
    if seed is not act_by_future_key:
        history.status = {place: before.get(place, 0) for place in history.status}
    history.state()
    assert named(history) == expected
    assert all(fault.en and fault.vi for fault in history.faults())


@pytest.mark.parametrize(("code", "changes"), STATES)
def test_a_false_state_is_named(code: str, changes: dict[str, object]) -> None:
    history = archive()
    at = history.state(**changes)
    history.state()
    assert named(history) == [(at, code)]


@pytest.mark.parametrize("presented", MALFORMED)
def test_a_malformed_entry_is_named(presented: bytes) -> None:
    history = archive()
    at = history.append(presented)
    history.state()
    assert named(history) == [(at, "malformed")]


def test_every_code_is_seeded() -> None:
    seeded = {code for seed in SEEDS for _, code in seed(archive())} | {code for code, _ in STATES} | {"malformed"}
    assert seeded == FAULTS.keys()


def test_a_state_may_open_a_list_before_it_is_used() -> None:
    history = archive()
    history.status[5, 0] = 0
    history.state()
    assert history.faults() == []


def test_a_hostile_log_cannot_make_the_reader_allocate_lists_without_end() -> None:
    history = History()
    history.accredit()
    pairs = [(commitment, (2**32 - 1 - at, 0)) for at, (commitment, _) in enumerate(history.pairs(40))]
    at = history.issue(1, pairs)
    assert named(history) == of("place-far", *range(at + 1, at + 41))
