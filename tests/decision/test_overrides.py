"""Overrides: who and why, what passes, and the audit file that is only appended to."""

from __future__ import annotations

import json
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from synthetic_outcome import regimens

from bayesdose.decision import (
    Acknowledged,
    Override,
    decide,
    max_daily,
    max_single,
    soft,
    squared_error,
    verify_audit,
)
from bayesdose.decision.limits.audit import append
from bayesdose.errors import InputError, Refused

LIMIT = max_daily("4 mg/kg")
WANTED = "4 mg/kg every 12 h x 10"
OUTCOME = regimens(lambda amount, interval: 8.0 * amount * 24 / interval)


def aimed(outcome: Any) -> Any:
    return squared_error(outcome.trough, 60)


def overridden(file: Path, *overrides: Override, limits: Any = (LIMIT,)) -> Any:
    return decide(OUTCOME, aimed, limits=limits, overrides=overrides, audit_file=file)


class TestPassing:
    def test_a_hard_limit_blocks_until_it_is_overridden(self, tmp_path: Path) -> None:
        assert decide(OUTCOME, aimed, limits=[LIMIT]).best == "4 mg/kg every 24 h x 10"
        choice = overridden(tmp_path / "a.jsonl", Override(LIMIT, "Dr A", "nothing else helped"))
        assert choice.best == WANTED
        assert choice.blocked == {}
        assert choice.warned[WANTED] == "8 mg/kg a day is above 4 mg/kg (overridden by Dr A)"
        assert choice.reasons[-1].startswith("the best passes a limit: 8 mg/kg a day")

    def test_only_what_is_named_passes(self, tmp_path: Path) -> None:
        one = Override("at most 4 mg/kg a day", "Dr A", "why", option="3 mg/kg every 12 h x 10")
        choice = overridden(tmp_path / "a.jsonl", one)
        assert choice.best == "3 mg/kg every 12 h x 10"
        assert list(choice.blocked) == [WANTED]
        (record,) = choice.overrides
        assert record["options"] == {"3 mg/kg every 12 h x 10": "6 mg/kg a day is above 4 mg/kg"}

    def test_another_limit_still_blocks(self, tmp_path: Path) -> None:
        limits = [LIMIT, max_single("3 mg/kg")]
        choice = overridden(tmp_path / "a.jsonl", Override(LIMIT, "Dr A", "why"), limits=limits)
        assert choice.blocked == {
            "4 mg/kg every 12 h x 10": "4 mg/kg in one dose is above 3 mg/kg",
            "4 mg/kg every 24 h x 10": "4 mg/kg in one dose is above 3 mg/kg",
        }
        both = overridden(tmp_path / "a.jsonl", Override(None, "Dr A", "why", option=WANTED), limits=limits)
        assert both.best == WANTED
        assert both.overrides[0]["options"][WANTED] == (
            "8 mg/kg a day is above 4 mg/kg; 4 mg/kg in one dose is above 3 mg/kg"
        )

    def test_it_is_printed(self, tmp_path: Path) -> None:
        choice = overridden(tmp_path / "a.jsonl", Override(LIMIT, "Dr A", "nothing else helped"))
        text = " ".join(str(choice).split())
        assert "override at most 4 mg/kg a day, 2 option(s) pass: Dr A," in text
        assert "nothing else helped (audit record 1, " in text
        assert choice.overrides[0]["hash"][:12] in text
        made = choice.to_dict()
        assert json.loads(json.dumps(made)) == made
        assert made["overrides"][0]["why"] == "nothing else helped"


class TestWhoAndWhy:
    @pytest.mark.parametrize(
        "arguments",
        [
            {"who": "", "why": "why"},
            {"who": "Dr A", "why": " "},
            {"who": None, "why": "why"},
            {"who": "Dr A"},
        ],
    )
    def test_both_are_needed(self, arguments: dict[str, Any]) -> None:
        with pytest.raises(InputError, match="an override without"):
            Override(LIMIT, **arguments)

    def test_something_must_be_overridden(self) -> None:
        with pytest.raises(InputError, match="of what"):
            Override(None, "Dr A", "why")

    def test_an_audit_file_is_needed(self) -> None:
        with pytest.raises(InputError, match="without an audit file"):
            decide(OUTCOME, aimed, limits=[LIMIT], overrides=[Override(LIMIT, "Dr A", "why")])

    @pytest.mark.parametrize(
        ("override", "said"),
        [
            (Override(max_daily("5 mg/kg"), "Dr A", "why"), "not stated.*Expected: at most 4 mg/kg a day"),
            (Override("at most 4 mg/kg", "Dr A", "why"), "Probably meant: at most 4 mg/kg a day"),
            (Override(LIMIT, "Dr A", "why", option="4 mg/kg every 12 h"), f"Probably meant: {WANTED}"),
            ("Dr A", "bd.Override"),
        ],
    )
    def test_what_is_named_must_be_there(self, override: Any, said: str, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=said):
            overridden(tmp_path / "a.jsonl", override)
        assert not (tmp_path / "a.jsonl").exists()

    def test_a_soft_limit_needs_none(self, tmp_path: Path) -> None:
        gentle = soft(LIMIT)
        with pytest.raises(InputError, match="blocks nothing"):
            overridden(tmp_path / "a.jsonl", Override(gentle, "Dr A", "why"), limits=[gentle])

    def test_one_outside_a_list(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="overrides"):
            decide(
                OUTCOME,
                aimed,
                limits=[LIMIT],
                overrides=Override(LIMIT, "Dr A", "why"),  # type: ignore[arg-type]
                audit_file=tmp_path / "a.jsonl",
            )

    def test_a_red_flag_is_acknowledged_instead(self, tmp_path: Path) -> None:
        flag = SimpleNamespace(name="level", where="subject 1")
        file = tmp_path / "a.jsonl"
        with pytest.raises(InputError, match="acknowledged, not overridden"):
            decide(
                OUTCOME,
                aimed,
                flags=[flag],
                overrides=[Override("no escalation under red flags (level, subject 1)", "Dr A", "why")],
                audit_file=file,
            )
        seen = Acknowledged("Dr A", "level repeated")
        choice = decide(OUTCOME, aimed, flags=[flag], acknowledged=seen, audit_file=file)
        (record,) = verify_audit(file)
        assert (record["kind"], record["why"]) == ("acknowledgement", "level repeated")
        assert choice.overrides == (record,)
        assert "level repeated (audit record 1" in " ".join(str(choice).split())


class TestAuditFile:
    def test_records_are_chained_and_appended(self, tmp_path: Path) -> None:
        file = tmp_path / "folder" / "audit.jsonl"
        first = overridden(file, Override(LIMIT, "Dr A", "first"))
        before = file.read_bytes()
        second = overridden(file, Override(LIMIT, "Dr B", "second"), Override(LIMIT, "Dr C", "third"))
        assert file.read_bytes().startswith(before)
        records = verify_audit(file, expects=[first.overrides[0]["hash"]])
        assert [r["number"] for r in records] == [1, 2, 3]
        assert [r["previous"] for r in records[1:]] == [r["hash"] for r in records[:-1]]
        assert records[1:] == second.overrides
        assert records[0]["decision"]["best"] == WANTED
        assert records[0]["decision"]["patient"] == "subject 1"
        assert records[0]["time"].endswith("+00:00")

    def test_without_overrides_nothing_is_written(self, tmp_path: Path) -> None:
        decide(OUTCOME, aimed, limits=[LIMIT], audit_file=tmp_path / "a.jsonl")
        assert not (tmp_path / "a.jsonl").exists()

    @pytest.mark.parametrize(
        "change",
        [
            lambda lines: [lines[0].replace("Dr A", "Dr Z"), *lines[1:]],
            lambda lines: lines[1:],
            lambda lines: [lines[0], lines[2]],
            lambda lines: [lines[0], lines[2], lines[1]],
            lambda lines: [lines[0], lines[0], *lines[1:]],
            lambda lines: [lines[0].replace('"number":1', '"number": 1'), *lines[1:]],
            lambda lines: [lines[0].replace('{"decision"', '{"who":"Dr Z","decision"'), *lines[1:]],
            lambda lines: [*lines, ""],
            lambda lines: ["not a record", *lines],
            lambda lines: ["[1, 2]", *lines],
            lambda lines: ["[" * 100_000, *lines],
            lambda lines: [*lines[:2], lines[2][:40]],
        ],
    )
    def test_a_tampered_file_is_refused(self, change: Any, tmp_path: Path) -> None:
        file = tmp_path / "audit.jsonl"
        for who in ("Dr A", "Dr B", "Dr C"):
            overridden(file, Override(LIMIT, who, "why"))
        text = "\n".join(change(file.read_text().splitlines())) + "\n"
        file.write_text(text)
        with pytest.raises(Refused, match="is not what was written"):
            verify_audit(file)
        with pytest.raises(Refused, match="is not what was written"):
            overridden(file, Override(LIMIT, "Dr D", "why"))
        assert file.read_text() == text

    def test_a_line_that_is_not_whole(self, tmp_path: Path) -> None:
        file = tmp_path / "audit.jsonl"
        overridden(file, Override(LIMIT, "Dr A", "why"))
        file.write_bytes(file.read_bytes()[:-1])
        with pytest.raises(Refused, match="not whole"):
            verify_audit(file)

    def test_what_was_cut_off_at_the_end_is_missed_by_its_hash(self, tmp_path: Path) -> None:
        file = tmp_path / "audit.jsonl"
        for who in ("Dr A", "Dr B"):
            last = overridden(file, Override(LIMIT, who, "why"))
        file.write_text(file.read_text().splitlines()[0] + "\n")
        assert len(verify_audit(file)) == 1
        assert verify_audit(file, expects=[verify_audit(file)[0]["hash"][:12]])
        for short in (last.overrides[0]["hash"][:12], verify_audit(file)[0]["hash"][:3]):
            with pytest.raises(Refused, match="is gone"):
                verify_audit(file, expects=[short])
        with pytest.raises(Refused, match="is gone"):
            verify_audit(file, expects=[last.overrides[0]["hash"]])

    def test_places_that_cannot_be_used(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="cannot be used"):
            verify_audit(tmp_path / "none.jsonl")
        with pytest.raises(InputError, match="cannot be used"):
            overridden(tmp_path, Override(LIMIT, "Dr A", "why"))

    def test_any_words_survive(self, tmp_path: Path) -> None:
        why = 'ligne 1\nline 2 "quoted" \\ \u00e9\u4e2d\u2028 end'
        choice = overridden(tmp_path / "a.jsonl", Override(LIMIT, "Dr \u00c5", why))
        assert verify_audit(tmp_path / "a.jsonl") == choice.overrides
        assert choice.overrides[0]["why"] == why

    def test_processes_that_append_at_once_keep_the_chain(self, tmp_path: Path) -> None:
        file = tmp_path / "audit.jsonl"
        context = get_context("fork")
        workers = [context.Process(target=_append_some, args=(str(file), k)) for k in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        records = verify_audit(file)
        assert sorted((r["who"], r["n"]) for r in records) == [(k, n) for k in range(3) for n in range(20)]


def _append_some(file: str, who: int) -> None:
    for n in range(20):
        append(file, [{"who": who, "n": n}])
