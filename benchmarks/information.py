"""Value of information and the audit of a choice: one patient, 4,000 draws x 200 options."""

from __future__ import annotations

from functools import partial

import numpy as np
import xarray as xr

import bayesdose as bd
from benchmarks.rows import Row, cpu_seconds

WINDOW = {"outcome": "trough", "low": 15, "high": 30, "harm": "peak", "harm_above": 40, "harm_weight": 2.0}


def patient() -> bd.Draws:
    """Return the draws of a neonate with one level."""
    fit = bd.load_fit("phenobarbital")
    study = bd.read_study(bd.data_path("phenobarbital"), fit.model)
    return bd.condition(fit, study.select("18").first_levels(1), seed=1)


def outcomes(me: bd.Draws, options: int) -> xr.Dataset:
    """Return the exposure under about so many options."""
    amounts = np.linspace(0.5, 6.0, max(options // 2, 1))
    text = "{amount} mg/kg every {interval} h x 10"
    made = bd.regimens(text, amount=amounts, interval=[12, 24], after=me.patient, start=72)
    return bd.simulate(me, made, {"trough": bd.trough(), "peak": bd.peak()})


def rows() -> list[Row]:
    """Return the table's rows."""
    me, utility = patient(), bd.named_utility("window", **WINDOW)
    outcome = outcomes(me, 200)
    choice = bd.decide(outcome, utility)
    given = bd.assumptions(me)
    audited = cpu_seconds(lambda: bd.threshold_analysis(bd.decide(outcome, utility), given))
    stated = cpu_seconds(lambda: bd.threshold_analysis(choice, utility=utility, outcome=outcome))
    values = f"{given.sizes['assumption']} assumptions x {given.sizes['step']} values"
    made = [
        Row("decide, with EVPI, and re-weighting audit", f"{audited:.3f} s", "<= 0.2 s", f"CPU, {values}"),
        Row("weights of the assumptions", f"{cpu_seconds(lambda: bd.assumptions(me)):.3f} s", "", "CPU"),
        Row("audit of the numbers of a utility", f"{stated:.3f} s", "", "CPU, 4 numbers, evaluated anew"),
        Row("EVPPI of CL, V and both", f"{cpu_seconds(lambda: bd.evppi(choice, me)):.3f} s", "", "CPU"),
    ]
    for n in (6, 24, 96):
        times = np.linspace(4, 72, n)
        levels = bd.next_levels(me, times, seed=1)
        parts = [cpu_seconds(partial(bd.next_levels, me, times, seed=1), repeats=3)]
        parts.append(cpu_seconds(partial(bd.evsi, choice, levels), repeats=3))
        how = f"CPU, {parts[0]:.2f} s of it to simulate the levels; 200 options"
        target = "<= 2 s" if n == 24 else ""
        made.append(Row(f"EVSI of {n} sampling times", f"{sum(parts):.2f} s", target, how))
    levels = bd.next_levels(me, np.linspace(4, 72, 24), seed=1)
    for n in (50, 800):
        other = bd.decide(outcomes(me, n), utility)
        spent = cpu_seconds(partial(bd.evsi, other, levels), repeats=3)
        made.append(Row(f"EVSI of 24 sampling times, {n} options", f"{spent:.2f} s", "", "CPU, levels given"))
    return made
