"""Make the stored fits that ship with the package, from the shipped data; run by ``make fits``.

With names as arguments only those are made: ``python tools/make_fits.py quinidine``; ``--figure`` draws the
README's figure alone, which else follows the fit of phenobarbital.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np

import bayesdose as bd
from bayesdose.fitting import require_converged
from bayesdose.reporting import figures

README_FIGURE = Path(__file__).parents[1] / "docs" / "one_neonate.png"
FITS = Path(__file__).parents[1] / "fits"
ARGUMENTS: dict[str, dict[str, Any]] = {
    "phenobarbital": {"draws": 2500, "held_out": ("4", "18", "24")},  # whom the demo doses
    "theophylline": {"draws": 2500},
    "phenobarbital_apgar": {"draws": 2500, "tune": 2500, "table": "phenobarbital"},
    "indomethacin": {"draws": 2500, "target_accept": 0.97},
    "quinidine": {"draws": 2000},
    # rich data: about thirty levels in each volunteer
    "remifentanil": {"draws": 1000, "tune": 700, "centred": ("CL", "V1", "Q2", "V2", "Q3")},
}


def make(name: str, *, table: str | None = None, held_out: tuple[str, ...] = (), **sampler: Any) -> None:
    """Fit one shipped model without its held-out subjects and store it slim."""
    model = bd.load_model(name)
    study = bd.read_study(bd.data_path(table or name), model)
    study = study.drop(held_out) if held_out else study
    fit = bd.fit(model, study, seed=1, progress=False, **sampler)
    require_converged(fit)
    print(name, fit.save(FITS / name, slim=True), fit.provenance["seconds"])
    print(fit.check())


def draw_readme() -> None:
    """Draw a neonate who was not in the fit, before and after his first level."""
    fit, times = bd.load_fit("phenobarbital"), np.linspace(0, 200, 300)
    whole = bd.read_study(bd.data_path("phenobarbital"), fit.model).select("4")
    first = whole.first_levels(1)
    figures.individual_fit(
        bd.predict(bd.condition(fit, first, seed=1), whole, times=times),
        bd.predict(bd.condition(fit, first.without_levels(), seed=1), whole, times=times),
        whole.levels,
        whole.doses,
        until=first.records["TIME"].max(),
        units=fit.model.card.units,
    ).savefig(README_FIGURE, dpi=100)


def main() -> None:
    """Make the fits that are named, or all."""
    asked = sys.argv[1:] or list(ARGUMENTS)
    for name in [] if asked == ["--figure"] else asked:
        make(name, **ARGUMENTS[name])
    if {"phenobarbital", "--figure"} & set(asked):
        draw_readme()


if __name__ == "__main__":
    main()
