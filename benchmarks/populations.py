"""The nonlinear systems of the tests: simulated studies, and population draws around their truth."""

import sys
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import numpy as np
import xarray as xr

import bayesdose as bd
from bayesdose.model import Model
from bayesdose.study import Study

SYSTEMS = ("michaelis_menten", "turnover", "tmdd")


@cache
def made_by(name: str) -> ModuleType:
    """Return a module of tests/populations."""
    path = Path(__file__).parents[1] / "tests" / "populations" / f"{name}.py"
    spec = spec_from_file_location(f"{name}_populations", path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there for the types of their fields
    spec.loader.exec_module(module)
    return module


def simulated(name: str, seed: int, subjects: int = 20) -> tuple[Model, Study, dict[str, float]]:
    """Return a system's model, a study drawn from it at its truth, and that truth by variable."""
    model, study, truth = made_by("simulated").simulated(name, seed, subjects)
    return model, study, truth


def designed(name: str, subjects: int = 20) -> tuple[Model, Study]:
    """Return a system's model and its study with every level 1: nothing is drawn, so nothing compiled."""
    made = made_by("simulated")
    model = bd.load_model(made.SPECS / f"{name}.py")
    return model, bd.read_study(made.design(name, subjects), model)


def fit_around(model: Model, truth: dict[str, float], draws: int = 4000, spread: float = 0.1) -> bd.Fit:
    """Return population draws made up: log-normal around the truth, as of a study of some dozen subjects.

    What conditioning and simulating cost does not depend on how the draws were come by; a real fit would
    take minutes.
    """
    rng = np.random.default_rng(1)
    posterior = xr.Dataset(
        {
            name: (("chain", "draw"), value * np.exp(spread * rng.standard_normal((1, draws))))
            for name, value in truth.items()
        }
    )
    record = {"population": list(truth), "checks": [], "data": {"levels": []}}
    return bd.Fit(model, xr.DataTree.from_dict({"posterior": posterior}), record)
