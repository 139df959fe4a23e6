"""Whether a draft is a spec: it loads, builds on a small table, and has a finite density."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from bayesdose.errors import BayesdoseError, InputError, explain
from bayesdose.importing.parts import Draft
from bayesdose.model import build, load_model
from bayesdose.study import read_study

if TYPE_CHECKING:
    from bayesdose.card import Card
    from bayesdose.model import Model

_TIMES = (0.0, 0.5, 2.0, 8.0)


def try_draft(draft: Draft) -> None:
    """Load and build a draft on one patient of reference covariates, and ask for its density there.

    Loading runs the draft, in a folder that is removed again.

    Parameters
    ----------
    draft
        What an import made.

    Raises
    ------
    InputError
        When it does not load, does not build, or has no finite density at the centre of its priors.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{draft.name}.py"
        path.write_text(draft.text, encoding="utf-8")
        try:
            made = build(*_example(load_model(path)))
            values = made.point_logps()
        except BayesdoseError as error:
            raise InputError(explain(f"the draft of {draft.name} does not build: {error}")) from error
    bad = [name for name, value in values.items() if not np.isfinite(value)]
    if bad:
        raise InputError(
            explain(
                f"the draft of {draft.name} has no finite density at the centre of its priors",
                came=", ".join(bad),
                fix="look for a theta that cannot be (a volume of 0, a lag beyond all levels)",
            )
        )


def _example(model: Model) -> tuple[Any, Any]:
    return model, read_study(example_table(model.card), model)


def example_table(card: Card) -> pd.DataFrame:
    """Return a table of one patient: a bolus of 100 at 0, three levels, covariates at their references.

    Parameters
    ----------
    card
        Of the model; a covariate without a reference counts as 1.
    """
    rows: dict[str, Any] = {
        "ID": 1,
        "TIME": _TIMES,
        "AMT": [100.0, *[0.0] * 3],
        "DV": [np.nan, 1.0, 1.0, 1.0],
        "OCC": [1, 1, 2, 2],
    }
    values = {c.name: 1.0 if c.reference is None else c.reference for c in card.covariates}
    return pd.DataFrame(rows | values)
