"""What a notebook, a script or a web application keeps: a fit, its model and the compiled functions."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bayesdose.fitting import Fit, load_fit
from bayesdose.individual.compiled import Compiled, compile_individual
from bayesdose.individual.conditioning import condition
from bayesdose.individual.draws import Draws
from bayesdose.individual.importance import smooth
from bayesdose.model import Model
from bayesdose.study import Study


@dataclass(frozen=True)
class Bedside:
    """A fit that is ready: the next patient takes milliseconds.

    Parameters
    ----------
    fit
        The population fit.
    compiled
        The model's functions, for one patient.
    seconds
        How long it took to get ready.
    """

    fit: Fit
    compiled: Compiled = field(repr=False)
    seconds: float

    @property
    def model(self) -> Model:
        """The spec."""
        return self.fit.model

    def condition(self, patient: Study, *, seed: int, precision: str = "mean") -> Draws:
        """Condition on a patient: `bayesdose.condition` of this fit."""
        return condition(self.fit, patient, seed=seed, precision=precision)


def bedside(fit: Fit | str | Path, model: Model | None = None) -> Bedside:
    """Get a fit ready for patients: load it, compile its model, call what was compiled once, import the rest.

    Parameters
    ----------
    fit
        A fit, or the folder of a stored one.
    model
        The spec of a stored fit, where it is not one that ships.

    Returns
    -------
    Bedside
        Compiled functions are cached on disk: the next process is ready in seconds.
    """
    started = time.perf_counter()
    made = fit if isinstance(fit, Fit) else load_fit(fit, model)
    compiled = compile_individual(made.model)
    smooth(np.linspace(-3.0, 0.0, 400))  # imports what smooths weights: a second that the first patient waits
    return Bedside(made, compiled, round(time.perf_counter() - started, 2))
