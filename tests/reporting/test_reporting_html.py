"""The page: what it says, that it escapes, stands alone, and is written whole or not at all."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import synthetic_patient as made
import xarray as xr

import bayesdose.reporting.html as page
from bayesdose.errors import InputError
from bayesdose.reporting import PatientSection, Picture, report, utility_windows, write_report
from bayesdose.reporting.atomic import write_whole

VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """Tags, attributes and text of a page; checks that tags close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def attributes(self, tag: str, name: str) -> list[str | None]:
        return [attrs.get(name) for t, attrs in self.tags if t == tag]


@pytest.fixture(scope="module", autouse=True)
def analytic_predictions():
    """Predict by the closed form: these draws have no compiled model."""
    patch = pytest.MonkeyPatch()
    patch.setattr("bayesdose.simulation.predict", made.predict)
    yield
    patch.undo()


@pytest.fixture(scope="module")
def case() -> SimpleNamespace:
    first = made.study().first_levels(1)
    me = made.draws(first, shift=-0.7, spread=1.2)
    prior = made.draws(first.without_levels(), seed=4)
    outcome, choice = made.choose(me, complete=["interval"])
    return SimpleNamespace(me=me, prior=prior, outcome=outcome, choice=choice)


def _full(case: SimpleNamespace, name: str = "patient 1", **more: Any) -> PatientSection:
    return PatientSection(
        name=name,
        choice=case.choice,
        draws=case.me,
        prior=case.prior,
        outcome=case.outcome,
        study=made.study(),
        windows=utility_windows(made.decision.named_utility("window", **made.WINDOW)),
        **more,
    )


@pytest.fixture(scope="module")
def whole(case, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    sections = [_full(case), _full(case, "patient 2")]
    return write_report(path, title="Two neonates", fit=made.fit(), patients=sections, notes=["Held out."])


def _read(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def test_a_choice_alone_makes_a_report(case, tmp_path) -> None:
    read = _read(report(case.choice, tmp_path / "neonate.html"))
    best = case.choice.row(case.choice.best)
    assert case.choice.best in read.text
    assert "not a medical device" in read.text
    assert "This user's utility" in read.text
    assert case.choice.utility in read.text
    assert case.choice.runner_up in read.text
    assert f"{best['expected_utility']:.2f}" in read.text
    assert f"{100 * best['p_best']:.0f} %" in read.text
    assert "Expected regret" in read.text
    for label, reason in case.choice.blocked.items():
        assert label in read.text
        assert reason in read.text
    assert len(read.attributes("img", "src")) == 1


@pytest.mark.parametrize("status", ["chosen", "too close to call", "edge"])
def test_the_status_and_its_reasons_are_said(status: str, case, tmp_path) -> None:
    stated = replace(case.choice, status=status, reasons=("a reason",))
    text = report(stated, tmp_path / "a.html").read_text()
    read = Page(text)
    assert f"status: {status}" in read.text
    assert "a reason" in read.text
    assert ('class="verdict caution"' in text) == (status != "chosen")


def test_the_whole_report_says_everything(case, whole) -> None:
    read = _read(whole)
    for words in (
        "Held out.",
        "In short",
        "patient 2",
        "What it would take to change",
        "Near-optimal" if len(case.choice.near_optimal) > 1 else "No other option comes within",
        "Blocked by a limit",
        "only predicted",
        "of 2 later levels lie inside the 90 % interval",
        "Levels used",
        "Pareto k-hat",
        "theta-ESS",
        "importance sampling",
        "Population parameters",
        "sqrt(exp(omega²) − 1)",
        "Convergence checks",
        "All checks hold.",
        "3f3f3f3f3f3f3f3f",
        "nutpie",
        "pymc 6.4.0",
        "56 subjects",
        "59 preterm and term neonates",
    ):
        assert words in read.text, words
    assert len(read.attributes("img", "src")) == 8


def test_the_page_stands_alone_and_is_small(whole) -> None:
    text, read = whole.read_text(encoding="utf-8"), _read(whole)
    assert whole.stat().st_size < 2_000_000
    tags = {tag for tag, _ in read.tags}
    assert not tags & {"script", "link", "iframe", "object", "embed", "form", "base", "a"}
    assert all(str(src).startswith("data:image/") for src in read.attributes("img", "src"))
    for _, attrs in read.tags:
        assert not {"href", "srcset", "action", "style"} & set(attrs)
        assert not any(name.startswith("on") for name in attrs)
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    assert "://" not in text
    policy = [
        c
        for h, c in zip(
            read.attributes("meta", "http-equiv"), read.attributes("meta", "content"), strict=True
        )
        if h
    ]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'; img-src data:"]


def test_the_page_is_readable_by_machines(whole) -> None:
    read = _read(whole)
    assert read.attributes("html", "lang") == ["en"]
    levels = [int(tag[1]) for tag, _ in read.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert all(len(str(alt)) > 20 for alt in read.attributes("img", "alt"))
    tags = [tag for tag, _ in read.tags]
    assert tags.count("caption") == tags.count("table")
    ids = [attrs["id"] for _, attrs in read.tags if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_no_identifier_and_no_key_in_the_page(whole, case, tmp_path) -> None:
    text = whole.read_text(encoding="utf-8")
    assert "MRN-4711" not in text
    assert "5ec2e7" not in text
    hidden = report(case.choice, tmp_path / "a.html", draws=case.me, fit=made.fit()).read_text()
    assert "MRN-4711" not in hidden
    shown = report(case.choice, tmp_path / "b.html", draws=case.me, show_ids=True).read_text()
    assert "ID MRN-4711" in shown


def test_texts_from_tables_are_escaped(tmp_path) -> None:
    evil = "<script>alert(1)</script>"
    outcome = xr.Dataset(
        {"u": (("draw", "option"), np.random.default_rng(0).normal(size=(50, 3)))},
        coords={"option": [evil, '"><img src=x onerror=alert(2)>', "{{ 7 * 7 }}"]},
        attrs={"drug": "<b>drug</b>", "patient": "</section><script>"},
    )

    def utility(o: xr.Dataset) -> xr.DataArray:
        return o.u

    choice = made.decision.decide(outcome, utility)
    read = _read(report(choice, tmp_path / "a.html", title=evil, notes=[evil], question="<i>which</i>"))
    tags = {tag for tag, _ in read.tags}
    assert not tags & {"script", "b", "i"}
    assert read.text.count(evil) >= 3
    assert "{{ 7 * 7 }}" in read.text
    assert all(str(src).startswith("data:") for src in read.attributes("img", "src"))


def test_warnings_and_failed_checks_are_loud(case, tmp_path) -> None:
    me = replace(case.me, warnings=("1 of the patient's levels were in the fit",))
    path = report(case.choice, tmp_path / "a.html", draws=me, fit=made.fit(failed=True))
    text, read = path.read_text(), _read(path)
    assert text.count('class="alarm"') == 3
    assert "1 of the patient's levels were in the fit" in read.text
    assert "NOT converged (divergences failed)" in read.text
    assert '<tr class="failed">' in text
    assert text.index("NOT converged") < text.index("<h2>")
    assert "Failed: do not use this fit. divergences: sample longer" in read.text


def test_a_prior_patient_without_levels(case, tmp_path) -> None:
    patient = made.study().first_levels(1).without_levels()
    nothing = made.diagnostics(method="population draws", khat=None, levels=0)
    me = replace(made.draws(patient), diagnostics=nothing)
    read = _read(report(case.choice, tmp_path / "a.html", draws=me, prior=case.prior, study=made.study()))
    assert "population draws" in read.text
    assert "the prediction is from the covariates alone" in read.text
    assert "of 3 later levels" in read.text
    assert "k-hat" not in read.text


def test_levels_that_were_all_used_are_no_prediction(case, tmp_path) -> None:
    read = _read(report(case.choice, tmp_path / "a.html", draws=case.me))
    assert "All these levels were conditioned on" in read.text
    assert "later level" not in read.text


def test_a_table_of_predictions_and_pictures_of_the_caller(case, tmp_path) -> None:
    from bayesdose.reporting.figures import prior_to_posterior
    from bayesdose.reporting.predictions import predictions_table

    table = predictions_table(made.predict(case.me, made.study(), residual=True, seed=1))
    extra = Picture("Mine", prior_to_posterior(None, case.me), "A caption.", "What one sees in it, in words.")
    section = PatientSection(predictions=table, pictures=(extra,))
    read = _read(write_report(tmp_path / "a.html", title="T", patients=[section]))
    assert "Mine" in read.text
    assert "A caption." in read.text
    assert "of 3 later levels" in read.text


def test_a_blocked_option_that_would_be_better_is_named(case, tmp_path) -> None:
    stated = made.decision.named_utility("target", outcome="trough", target=40, loss="log-squared")
    outcome = case.outcome.sel(option=["no treatment", "1 mg/kg every 12 h x 10", "4 mg/kg every 12 h x 10"])
    choice = made.decision.decide(outcome, stated, limits=[made.decision.max_single("2 mg/kg")])
    read = _read(report(choice, tmp_path / "a.html"))
    assert "Without the limits 4 mg/kg every 12 h x 10 would come first" in read.text
    assert "at most 2 mg/kg in one dose" in read.text


def test_many_options_stay_a_page(case, tmp_path) -> None:
    n = 3000
    U = np.random.default_rng(0).normal(size=(20, n))
    outcome = xr.Dataset({"u": (("draw", "option"), U)}, coords={"option": [f"option {k}" for k in range(n)]})
    path = report(made.decision.decide(outcome, lambda o: o.u), tmp_path / "a.html")
    assert path.stat().st_size < 1_000_000
    assert "2,960 lower options are not shown" in _read(path).text


def test_windows_of_named_utilities() -> None:
    named: Callable[..., Any] = made.decision.named_utility
    assert utility_windows(named("window", **made.WINDOW)) == {"trough": (15, 30), "peak": (None, 40)}
    assert utility_windows(named("window", outcome="AUC", low=1, high=2)) == {"AUC": (1, 2)}
    assert utility_windows(made.utility) == {}


# Writing


def test_a_failure_leaves_no_file_and_the_old_one_stands(case, tmp_path, monkeypatch) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    def fails(*args: object, **more: object) -> str:
        raise RuntimeError("drawing failed")

    monkeypatch.setattr(page, "patient_view", fails)
    with pytest.raises(RuntimeError):
        report(case.choice, path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["report.html"]  # noqa: PTH208


def test_an_interrupted_write_leaves_nothing(tmp_path, monkeypatch) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="No space left"):
        write_whole(tmp_path / "a.html", "new")
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_to_is_bad_input(case, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "report.html"):
        with pytest.raises(InputError, match="cannot be written"):
            report(case.choice, path)


def test_writing_replaces_and_makes_folders(tmp_path) -> None:
    path = tmp_path / "a" / "b" / "t.txt"
    write_whole(path, "one")
    path.chmod(0o600)
    assert write_whole(str(path), "zwö") == path
    assert path.read_text(encoding="utf-8") == "zwö"
    assert path.stat().st_mode & 0o777 == 0o600
