"""Make the stored fits that ship with the package, from the shipped data; run by ``make fits``."""

from pathlib import Path

import bayesdose as bd
from bayesdose.fitting import require_converged

FITS = Path(__file__).parents[1] / "fits"
HELD_OUT = {"phenobarbital": ("4", "18", "24"), "theophylline": ()}


def main() -> None:
    """Fit each shipped model without its held-out subjects and store it slim."""
    for name, held_out in HELD_OUT.items():
        model = bd.load_model(name)
        study = bd.read_study(bd.data_path(name), model)
        study = study.drop(held_out) if held_out else study
        fit = bd.fit(model, study, seed=1, draws=2500, progress=False)
        require_converged(fit)
        print(name, fit.save(FITS / name, slim=True), fit.provenance["seconds"])
        print(fit.check())


if __name__ == "__main__":
    main()
