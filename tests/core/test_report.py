"""The report: one order of verdicts, one exit code for each, as docs/spec/outcomes.md has them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sogoc.core.report import EXIT_CODES, LABELS, SEVERITY, STEPS, Check, Finding, Verdict, unreadable, worst

SPEC = (Path(__file__).parents[2] / "docs/spec/outcomes.md").read_text()
FOUND = st.lists(st.sampled_from(SEVERITY), max_size=5)


def finding(verdict: Verdict) -> Finding:
    return Finding(verdict, "code", "en", "vi")


def test_the_order_is_that_of_the_specification() -> None:
    named = SPEC.split("in this order:", 1)[1].split(".\n", 1)[0]
    assert re.findall(r"`([a-z_]+)`", named) == [str(verdict) for verdict in SEVERITY[::-1]]


def test_exit_codes_are_those_of_the_specification() -> None:
    text = SPEC.split("Exit codes:", 1)[1].split("usage errors", 1)[0]
    stated: dict[str, int | None] = {}
    for part in re.split(r"[,;]\s|\sand\s", text.replace("\n", " ")):
        stated.update(dict.fromkeys(re.findall(r"[a-z_]+", part.split("(")[0])))
        code = re.search(r"\b(\d)\b", part)
        if code:
            stated |= {word: int(code[1]) for word, known in stated.items() if known is None}
    assert stated == {str(verdict): code for verdict, code in EXIT_CODES.items()}


def test_every_verdict_has_a_place_a_code_and_words() -> None:
    assert {*SEVERITY, Verdict.NOT_FOUND} == set(Verdict) == set(EXIT_CODES) == set(LABELS)
    assert len(SEVERITY) == len(set(SEVERITY))
    assert all(en and vi and en != vi for en, vi in [*LABELS.values(), *STEPS])
    assert EXIT_CODES[Verdict.VALID] == EXIT_CODES[Verdict.PENDING] == 0
    assert all(code for verdict, code in EXIT_CODES.items() if verdict not in {Verdict.VALID, Verdict.PENDING})


@given(FOUND)
def test_the_worst_wins(verdicts: list[Verdict]) -> None:
    found = worst(verdicts)
    assert found in (verdicts or [Verdict.VALID])
    assert all(SEVERITY.index(found) >= SEVERITY.index(verdict) for verdict in verdicts)


@given(FOUND, st.booleans())
def test_a_step_passes_only_if_it_ran_and_found_nothing(verdicts: list[Verdict], ran: bool) -> None:
    check = Check(step=3, ran=ran, findings=[finding(verdict) for verdict in verdicts])
    assert check.passed == (ran and not verdicts)
    assert check.verdict is worst(verdicts if ran else [Verdict.INCONCLUSIVE, *verdicts])
    outcome = check.to_json()["outcome"]
    assert (outcome == "passed") == check.passed
    if outcome == "not_run":
        assert not ran
        assert check.verdict is Verdict.INCONCLUSIVE
    elif not check.passed:
        assert outcome == str(check.verdict)


@pytest.mark.parametrize("verdict", [Verdict.TAMPERED, Verdict.UNKNOWN_ISSUER, Verdict.REVOKED])
def test_a_step_that_was_cut_short_still_says_what_it_found(verdict: Verdict) -> None:
    assert Check(step=4, findings=[finding(verdict)]).to_json()["outcome"] == str(verdict)


def test_something_else_than_a_diploma() -> None:
    report = unreadable("not this", "không phải")
    value = json.loads(json.dumps(report.to_json()))
    assert (value["verdict"], value["exit_code"], value["claims"]) == ("unreadable", 2, {})
    assert [check["outcome"] for check in value["checks"]] == ["unreadable"] + ["not_run"] * 7
    assert [check["step"] for check in value["checks"]] == list(range(1, 9))
