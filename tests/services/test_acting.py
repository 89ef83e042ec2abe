"""What is done to a diploma after it was issued, and what a stranger then reads from its evidence."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sogoc.core import entry
from sogoc.core.canonical import b64, unb64
from sogoc.core.jws import thumbprint
from sogoc.core.report import Verdict
from sogoc.core.status import Status
from sogoc.core.verify import verify_bytes
from sogoc.errors import (
    ActRefused,
    AlreadyInRegister,
    FourEyes,
    GateRefused,
    InputError,
    KeyUnavailable,
    NotAllowed,
    RecordError,
    RuleError,
    SogocError,
    WrongState,
)
from sogoc.register import queries
from sogoc.register.models import ActDetail, BlankEvent, Entry, IssuerKey, Notice, Row
from sogoc.register.records import record_of
from sogoc.services import acting, notices
from sogoc.services.delivery import Counter
from tests.services.keeping import cut
from tests.services.trial import OURS, THEIRS, Trial, fresh, refused

ACTS = ("revoke", "cancel", "suspend", "reinstate", "amend")
VERDICTS = {"valid": "valid", "revoked": "revoked", "suspended": "suspended"}

# What may follow what: the status that an act leaves behind, None where it is refused.
ALLOWED: dict[str, dict[str, str | None]] = {
    "valid": {"revoke": "revoked", "cancel": "revoked", "suspend": "suspended", "reinstate": None, "amend": "valid"},
    "suspended": {"revoke": "revoked", "cancel": "revoked", "suspend": None, "reinstate": "valid", "amend": None},
    "revoked": dict.fromkeys(ACTS),
}
WAY_THERE = {"valid": (), "suspended": ("suspend",), "revoked": ("revoke",)}


def do(trial: Trial, act: str, row: Row) -> Row:
    """Do it to the newest version and return the newest version after it."""
    if act == "amend":
        return trial.amend(row, holder_name="Y Khác")
    trial.act(act, row)
    return row


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("status", ALLOWED)
def test_what_may_follow_what(trial: Trial, status: str, act: str) -> None:
    (row,) = trial.issue(1)
    for step in WAY_THERE[status]:
        trial.act(step, row)
        trial.advance()
    expected = ALLOWED[status][act]
    before = Entry.objects.count()
    if expected is None:
        refused(WrongState, lambda: do(trial, act, row))
        assert Entry.objects.count() == before
        assert trial.verdict(row) == VERDICTS[status]
    else:
        newest = do(trial, act, row)
        trial.advance()
        assert trial.verdict(newest) == VERDICTS[expected]
        if act == "amend":
            assert trial.verdict(row) == "superseded"
    trial.assert_right()


def test_an_amended_diploma_names_its_successor_and_shows_its_own_face(trial: Trial) -> None:
    (row,) = trial.issue(1)
    successor = trial.amend(row, holder_name="Y Khác", ethnicity=None)
    trial.advance()
    old, new = trial.verify(row), trial.verify(fresh(successor))
    assert (old.verdict, new.verdict) == ("superseded", "valid")
    assert new.claims["holder_name"] == "Y Khác"
    assert old.claims["holder_name"] == record_of(row)["holder_name"]
    assert "ethnicity" not in record_of(fresh(successor))
    assert (successor.serial_number, successor.identifier) == (row.serial_number, row.identifier)


def test_nothing_that_leaves_the_archive_tells_a_former_value(trial: Trial) -> None:
    """Gender determined anew: who is shown the diploma sees the present, and that the proof still holds."""
    (row,) = trial.issue(trial.rows(1, gender="male", holder_name="Trần Văn Mẫu"))
    newer = trial.amend(row, ground="gender-or-ethnicity", gender="female", holder_name="Trần Thị Mẫu")
    trial.advance()
    counter = Counter(trial.log)
    content = counter.evidence(fresh(newer), names=[*record_of(fresh(newer))]).encode()
    report = verify_bytes(content, trial.policy(counter.head), trial.now)
    assert (report.verdict, report.claims["gender"]) == ("valid", "female")
    said = json.dumps(report.to_json(), ensure_ascii=False) + content.decode() + _opened(content)
    assert "Trần Thị Mẫu" in said
    assert not any(former in said.replace("female", "") for former in ("male", "Văn Mẫu"))


def _opened(content: bytes) -> str:
    """What the disclosures of evidence say."""
    credential = json.loads(content)["lasting"]["credential"]
    return " ".join(unb64(part).decode() for part in credential.split("~")[1:-1])


def test_a_whole_life(trial: Trial) -> None:
    """Amended twice, suspended, reinstated, amended again, cancelled: what is still in somebody's hands falls with the newest."""
    (row,) = trial.issue(1)
    versions = [row]
    for act in ("amend", "amend", "suspend", "reinstate", "amend", "cancel"):
        versions.append(do(trial, act, fresh(versions[-1])))
        trial.advance()
    assert {trial.verdict(fresh(version)) for version in versions} == {"revoked"}
    assert [fault.code for fault in trial.audit().faults] == []
    assert acting.status_of(fresh(versions[-1]).entry) is Status.REVOKED
    assert queries.row_by_serial(OURS, row.serial_number).pk == versions[-1].pk


def test_an_act_on_an_older_version_meets_the_newest(trial: Trial) -> None:
    (row,) = trial.issue(1)
    successor = trial.amend(row, holder_name="Y Khác")
    trial.advance()
    trial.act("revoke", row)
    trial.advance()
    assert trial.verdict(fresh(successor)) == "revoked"
    trial.assert_right()


def test_only_the_newest_version_is_amended(trial: Trial) -> None:
    (row,) = trial.issue(1)
    trial.amend(row, holder_name="Y Khác")
    trial.advance()
    refused(WrongState, lambda: trial.amend(fresh(row), holder_name="Y Nữa"))


@pytest.mark.parametrize("first", ["suspend", "amend"])
def test_while_one_thing_waits_for_the_log_nothing_follows_it(trial: Trial, first: str) -> None:
    (row,) = trial.issue(1)
    do(trial, first, row)
    for act in ACTS:
        refused(WrongState, partial(do, trial, act, row))
    trial.advance()
    trial.assert_right()


def test_nothing_is_done_to_a_diploma_that_is_not_logged(trial: Trial) -> None:
    batch = trial.approved(1)
    row = next(queries.rows_of(batch))
    refused(WrongState, lambda: trial.amend(row, holder_name="Y Khác"))


@pytest.mark.parametrize("act", ["state", "batch", "authority"])
def test_acts_concern_qualifications_only(trial: Trial, act: str) -> None:
    trial.issue(1)
    other = Entry.objects.filter(act=act).first()
    assert other is not None
    refused(WrongState, lambda: trial.act("revoke", other, by=trial.people["officer"]))


# -- the same id ---------------------------------------------------------------------------------------------------------


def test_the_same_id_changes_nothing(trial: Trial) -> None:
    row, other = trial.issue(2)
    ids = b64(b"a" * 16), b64(b"b" * 16)
    done = trial.act("suspend", row, act_id=ids[0]), trial.amend(other, act_id=ids[1], holder_name="Y Khác")
    for _ in range(2):
        assert trial.act("suspend", row, act_id=ids[0]) == done[0]
        assert trial.amend(other, act_id=ids[1], holder_name="Y Khác") == done[1]
        trial.advance()
    trial.act("reinstate", row)
    trial.advance()
    assert trial.act("suspend", row, act_id=ids[0]) == done[0]
    assert trial.verdict(row) == "valid"
    assert ActDetail.objects.count() == 3
    trial.assert_right()


OTHERWISE: dict[str, Callable[[Trial, Row, Row, str], object]] = {
    "another diploma": lambda trial, _, other, used: trial.act("suspend", other, act_id=used),
    "another act": lambda trial, row, _, used: trial.act("revoke", row, act_id=used),
    "another decision": lambda trial, row, _, used: trial.act("suspend", row, act_id=used, number="78/QĐ"),
    "another day": lambda trial, row, _, used: trial.act("suspend", row, act_id=used, on="2026-07-15"),
    "another wording": lambda trial, row, _, used: trial.act("suspend", row, act_id=used, judgment=True),
    "an amendment": lambda trial, _, other, used: trial.amend(other, act_id=used, holder_name="Y Khác"),
}


@pytest.mark.parametrize("what", OTHERWISE)
def test_an_id_is_never_used_for_something_else(trial: Trial, what: str) -> None:
    row, other = trial.issue(2)
    used = b64(b"a" * 16)
    trial.act("suspend", row, act_id=used)
    trial.advance()
    before = Entry.objects.count(), Row.objects.count()
    refused(WrongState, lambda: OTHERWISE[what](trial, row, other, used))
    assert (Entry.objects.count(), Row.objects.count()) == before


AMENDED_OTHERWISE: dict[str, Callable[[Trial, Row, Row, str], object]] = {
    "other changes": lambda trial, row, _, used: trial.amend(row, act_id=used, holder_name="Y Nữa"),
    "another diploma": lambda trial, _, other, used: trial.amend(other, act_id=used, holder_name="Y Khác"),
    "another decision": lambda trial, row, _, used: trial.amend(row, act_id=used, number="89/QĐ", holder_name="Y Khác"),
    "a revocation": lambda trial, row, _, used: trial.act("revoke", row, act_id=used),
}


@pytest.mark.parametrize("what", AMENDED_OTHERWISE)
def test_the_id_of_an_amendment_is_never_used_for_something_else(trial: Trial, what: str) -> None:
    row, other = trial.issue(2)
    used = b64(b"a" * 16)
    trial.amend(row, act_id=used, holder_name="Y Khác")
    before = Entry.objects.count(), Row.objects.count()
    refused(WrongState, lambda: AMENDED_OTHERWISE[what](trial, row, other, used))
    assert (Entry.objects.count(), Row.objects.count()) == before


def test_the_id_of_a_batch_is_no_id_of_an_act(trial: Trial) -> None:
    (row,) = trial.issue(1)
    refused(WrongState, lambda: trial.act("revoke", row, act_id=row.batch.public_id))


# -- what an amendment may not do ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        *(
            ({name: "x"}, RecordError)
            for name in ("identifier", "serial_number", "register_number", "institution_name")
        ),
        *(({name: "x"}, RecordError) for name in ("institution", "kind", "level", "programme", "decision_number")),
        ({"awarded_on": "2026-07-14"}, RecordError),
        ({"holder_name": None}, RecordError),
        ({"born_on": "2003-02-30"}, RecordError),
        ({"grade": "A"}, RecordError),
        ({"programme_name": "Y khoa"}, GateRefused),
        ({"mode": "distance"}, GateRefused),
    ],
)
def test_what_cannot_be_amended(trial: Trial, changes: dict[str, Any], error: type[SogocError]) -> None:
    (row,) = trial.issue(1)
    before = Entry.objects.count()
    refused(error, lambda: trial.amend(row, **changes))
    assert Entry.objects.count() == before


def test_a_key_that_does_not_answer_leaves_nothing_half_done(trial: Trial) -> None:
    (row,) = trial.issue(1)
    before = Entry.objects.count(), Row.objects.count()
    for act in ("revoke", "amend"):
        trial.keys[f"memory:{OURS}"].fail_next("sign")
        refused(KeyUnavailable, partial(do, trial, act, row))
    assert (Entry.objects.count(), Row.objects.count()) == before
    assert trial.verdict(row) == "valid"


def test_the_other_institution_is_not_touched(trial: Trial) -> None:
    ours, theirs = trial.issue(2), trial.issue(2, THEIRS)
    trial.act("revoke", ours[0])
    trial.advance()
    assert [trial.verdict(row) for row in (*ours, *theirs)] == ["revoked", "valid", "valid", "valid"]


# -- grounds, and what follows from an act --------------------------------------------------------------------------------

SIX = ("fraud", "ineligible", "without-authority", "altered", "lent", "issuer-error")


@pytest.mark.parametrize("act", ["revoke", "cancel"])
@pytest.mark.parametrize("ground", SIX)
@pytest.mark.parametrize("judgment", [False, True])
def test_the_ground_is_kept_and_the_log_says_it_or_the_judgment(
    trial: Trial, act: str, ground: str, judgment: bool
) -> None:
    (row,) = trial.issue(1)
    logged = trial.act(act, row, ground=ground, judgment=judgment)
    said = entry.parse(bytes(logged.content))
    assert isinstance(said, entry.StatusAct)
    assert said.wording == ("by-judgment" if judgment else ground)
    assert ActDetail.objects.get(entry=logged).ground == ground


@pytest.mark.parametrize(
    ("act", "ground"),
    [("revoke", "civil-status-change"), ("cancel", "by-decision"), ("revoke", "lost-original"), ("revoke", "")],
)
def test_another_ground_is_refused_and_those_of_the_day_are_named(trial: Trial, act: str, ground: str) -> None:
    (row,) = trial.issue(1)
    logged = row.entry
    assert logged is not None
    decision = replace(trial.decision(), ground=ground or None)
    refusal = refused(
        ActRefused,
        lambda: acting.change_status(
            trial.acting(trial.by("approver"), None), act=act, logged=logged, decision=decision, act_id=b64(b"a" * 16)
        ),
    )  # fmt: skip
    assert refusal.rule == "ground"
    assert refusal.legal_basis == "Thông tư 10/2026/TT-BGDĐT"
    assert all(one in (refusal.mend or "") for one in SIX)


def test_an_amendment_needs_one_of_the_four_grounds(trial: Trial) -> None:
    (row,) = trial.issue(1)
    refused(ActRefused, lambda: trial.amend(row, ground="issuer-error", holder_name="Y Khác"))
    newer = trial.amend(row, ground="gender-or-ethnicity", ethnicity="Kinh")
    assert ActDetail.objects.get(entry=newer.entry).ground == "gender-or-ethnicity"


def test_a_suspension_has_no_ground_to_choose_and_no_decision_is_of_tomorrow(trial: Trial) -> None:
    (row,) = trial.issue(1)
    refused(InputError, lambda: trial.act("suspend", row, ground="fraud"))
    refused(InputError, lambda: trial.act("suspend", row, on="2026-07-17"))
    trial.now = datetime(2026, 7, 16, 17, tzinfo=UTC)  # midnight in Vietnam
    trial.act("suspend", row, on="2026-07-17")


NOTICES: dict[str, list[tuple[str, str | None]]] = {
    "revoke": [
        ("holder", "2026-08-15"), ("institution", "2026-08-15"), ("verifiers", None), ("public", "2026-08-15")
    ],
    "cancel": [
        ("holder", "2026-08-15"), ("institution", "2026-08-15"), ("verifiers", None), ("public", "2026-08-15")
    ],
    "suspend": [("holder", None), ("institution", None), ("verifiers", None)],
    "amend": [("holder", None), ("public", "2026-08-15")],
    "reissue": [("holder", "2026-08-15"), ("institution", "2026-08-15"), ("public", "2026-08-15")],
}  # fmt: skip


@pytest.mark.parametrize("act", NOTICES)
def test_who_is_told_and_until_when(trial: Trial, act: str) -> None:
    """The holder has 30 days to bring the diploma back; no verifier learns that something was corrected."""
    (row,) = trial.issue(1)
    if act == "reissue":
        trial.reissue(row, "SG900001")
    else:
        do(trial, act, row)
    waiting = [
        one for one in notices.waiting(row.institution, by=trial.by("preparer")) if one.subject == row.identifier
    ]
    assert [(one.recipient, one.due_on) for one in waiting] == NOTICES[act]
    assert {one.what for one in waiting} == {act}
    told = json.dumps([one.about for one in waiting], ensure_ascii=False)
    assert not any(secret in told for secret in ("Niê", "Khác", row.serial_number))


@pytest.mark.parametrize("judgment", [True, False])
def test_who_is_outside_is_told_no_more_of_the_ground_than_the_log_says(trial: Trial, judgment: bool) -> None:
    (row,) = trial.issue(1)
    trial.act("revoke", row, judgment=judgment)
    said = "by-judgment" if judgment else "ineligible"
    told = {
        one.recipient: (one.about.get("ground"), one.about.get("wording"))
        for one in Notice.objects.filter(what="revoke")
    }
    inside, outside = ("ineligible", None), (None, said)
    assert told == {"holder": inside, "institution": inside, "verifiers": outside, "public": outside}
    amended, _ = trial.issue(2)
    trial.amend(amended, holder_name="Y Khác")
    public = Notice.objects.get(what="amend", recipient="public")
    assert set(public.about) == {"decision", "on"}


def test_a_notice_is_sent_once(trial: Trial) -> None:
    (row,) = trial.issue(1)
    trial.act("suspend", row)
    first, *others = notices.waiting(row.institution, by=trial.by("preparer"))
    notices.mark_sent(number=first.pk, by=trial.by("preparer"), now=trial.now)
    assert notices.waiting(row.institution, by=trial.by("preparer")) == others
    refused(WrongState, lambda: notices.mark_sent(number=first.pk, by=trial.by("preparer"), now=trial.now))
    refused(InputError, lambda: notices.mark_sent(number=10**6, by=trial.by("preparer"), now=trial.now))
    refused(NotAllowed, lambda: notices.mark_sent(number=others[0].pk, by=trial.by("preparer", THEIRS), now=trial.now))


# -- how much one person does alone ---------------------------------------------------------------------------------------


def test_the_21st_revocation_of_an_hour_needs_a_second_person(trial: Trial) -> None:
    rows = trial.issue(23)
    for place, row in enumerate(rows[:20]):
        trial.act(("revoke", "cancel", "suspend")[place % 3], row)
    for act in ("revoke", "cancel", "suspend"):
        assert refused(FourEyes, partial(trial.act, act, rows[20])).rule == "alone-per-hour"
    refused(FourEyes, lambda: trial.act("revoke", rows[20], prepared_by=trial.by("approver")))
    refused(NotAllowed, lambda: trial.act("revoke", rows[20], prepared_by=trial.by("preparer", THEIRS)))
    trial.act("revoke", rows[20], prepared_by=trial.by("preparer"))
    trial.act("revoke", rows[21], by=trial.people["officer"])  # who has done none
    trial.advance()
    trial.act("reinstate", rows[2])  # what was suspended may always be given back
    trial.later(hours=1, minutes=1)
    trial.act("revoke", rows[22])


# -- issued again -----------------------------------------------------------------------------------------------------------


def test_a_reissue_has_other_numbers_and_ends_the_old_original(trial: Trial) -> None:
    (row,) = trial.issue(1)
    newer = trial.reissue(row, "SG900001", holder_name="Y Đúng")
    trial.advance()
    old, new = trial.verify(row), trial.verify(fresh(newer))
    assert (old.verdict, new.verdict) == ("superseded", "valid")
    assert new.claims["serial_number"] == "SG900001"
    assert new.claims["holder_name"] == "Y Đúng"
    assert (newer.origin, newer.year, newer.serial_series, newer.serial_value) == ("reissue", "2026", "SG#6", 900001)
    for serial in (row.serial_number, "SG900001"):
        assert queries.row_by_serial(OURS, serial).pk == newer.pk
    trial.assert_right()


def test_a_lost_original_is_never_issued_again(trial: Trial) -> None:
    (row,) = trial.issue(1)
    before = Entry.objects.count()
    refusal = refused(ActRefused, lambda: trial.reissue(row, "SG900001", ground="lost-original"))
    assert refusal.rule == "lost-original"
    assert refusal.legal_basis
    assert "copy" in (refusal.mend or "")
    refused(ActRefused, lambda: trial.reissue(row, "SG900001", ground="fraud"))
    assert Entry.objects.count() == before


@pytest.mark.parametrize("status", ["suspend", "revoke"])
def test_what_is_not_valid_is_not_issued_again(trial: Trial, status: str) -> None:
    (row,) = trial.issue(1)
    trial.act(status, row)
    trial.advance()
    refused(WrongState, lambda: trial.reissue(row, "SG900001"))


def test_a_reissue_takes_no_number_that_was_given(trial: Trial) -> None:
    row, other = trial.issue(2)
    before = Entry.objects.count(), Row.objects.count()
    refused(AlreadyInRegister, lambda: trial.reissue(row, other.serial_number))
    refused(RecordError, lambda: trial.reissue(row, row.serial_number))
    for number in ("2026/9001", other.register_number, None):  # whoever chose one could leave others out
        refused(RecordError, partial(trial.reissue, row, "SG900001", register_number=number))
    assert (Entry.objects.count(), Row.objects.count()) == before
    trial.reissue(row, "SG900001")
    refused(AlreadyInRegister, lambda: trial.open(trial.rows(1, serial_number="SG900001")))


def test_one_person_issues_nothing_again(trial: Trial) -> None:
    (row,) = trial.issue(1)
    refused(NotAllowed, lambda: trial.reissue(row, "SG900001", prepared_by=trial.by("approver")))
    used = b64(b"a" * 16)
    done = trial.reissue(row, "SG900001", act_id=used)
    assert trial.reissue(row, "SG900001", act_id=used) == done
    refused(WrongState, lambda: trial.reissue(row, "SG900002", act_id=used))


def test_a_reissue_takes_a_blank_in_stock(trial: Trial) -> None:
    (row,) = trial.issue(1)
    run = {
        "institution": row.institution, "kind": "degree", "series": "SG#6", "on": "2026-07-01", "at": trial.now,
        "by": trial.by("preparer"),
    }  # fmt: skip
    BlankEvent.objects.create(
        what="spoiled", first=900002, last=900002, minutes="03/BB", confirmed_by=trial.by("approver"), **run
    )
    for serial in ("SG900002", "SG900011", "không số"):
        refused(WrongState, partial(trial.reissue, row, serial))
    trial.reissue(row, "SG900003")


def test_a_reissue_takes_the_next_number_of_the_year_of_its_decision(trial: Trial) -> None:
    row, other = trial.issue(2)
    used = b64(b"a" * 16)
    newer = trial.reissue(row, "SG900001", act_id=used)
    assert newer.number == 3
    assert record_of(newer)["register_number"] == newer.register_number
    assert trial.reissue(row, "SG900001", act_id=used) == newer
    trial.now = datetime(2027, 1, 5, tzinfo=UTC)
    next_year = trial.reissue(other, "SG900002", on="2027-01-05")
    assert (next_year.year, next_year.number) == ("2027", 1)
    trial.advance()
    assert str(trial.verdict(fresh(newer))) == "valid"


# -- any life --------------------------------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lives=st.lists(st.tuples(st.integers(0, 1), st.sampled_from(ACTS), st.booleans()), max_size=10))
def test_the_register_allows_exactly_what_the_table_allows(trial: Trial, lives: list[tuple[int, str, bool]]) -> None:
    """Any acts in any order, published at any time: the register, the log's independent reader and the verifier agree."""
    trial.later(hours=2)  # or one person would do too much alone
    newest = trial.issue(2)
    status, waits = ["valid", "valid"], [False, False]
    for which, act, publish in lives:
        expected = None if waits[which] else ALLOWED[status[which]][act]
        if expected is None:
            refused(RuleError, partial(do, trial, act, fresh(newest[which])))
        else:
            newest[which] = do(trial, act, fresh(newest[which]))
            status[which], waits[which] = expected, True
        if publish:
            trial.advance()
            waits = [False, False]
    trial.advance()
    assert [trial.verdict(row) for row in newest] == [VERDICTS[one] for one in status]
    assert Counter(trial.log).head.size == trial.audit().size
    assert trial.audit().faults == ()


def test_an_officer_signs_with_the_key_of_the_ministry_and_members_with_their_own(trial: Trial) -> None:
    rows = trial.issue(2)
    for row, by in zip(rows, (trial.people["officer"], trial.by("approver")), strict=True):
        trial.act("suspend", row, by=by)
    said = [entry.parse(bytes(one.content)) for one in Entry.objects.filter(act="suspend").order_by("id")]
    kids = [one.signatures[0].kid for one in said if isinstance(one, entry.StatusAct)]
    assert kids == [thumbprint(trial.ministry.jwk), IssuerKey.objects.get(institution__code=OURS).kid]
    trial.advance()
    trial.assert_right()


def test_what_the_ministry_suspended_nobody_else_reinstates(trial: Trial) -> None:
    (row,) = trial.issue(1)
    trial.act("suspend", row, by=trial.people["officer"])
    trial.advance()
    assert refused(ActRefused, lambda: trial.act("reinstate", row)).rule == "suspended-by-ministry"
    trial.act("reinstate", row, by=trial.people["officer"])
    trial.advance()
    trial.act("suspend", row)
    trial.advance()
    trial.act("reinstate", row)
    trial.advance()
    assert trial.verdict(row) is Verdict.VALID
    trial.assert_right()


def test_the_ministry_acts_where_an_institution_has_no_key_left(trial: Trial) -> None:
    (row,) = trial.issue(1)
    trial.advance()
    cut(trial)
    trial.advance()
    refused(WrongState, lambda: trial.act("revoke", row))
    trial.act("revoke", row, by=trial.people["officer"])
    trial.advance()
    assert trial.verdict(row) is Verdict.REVOKED
    trial.assert_right()
