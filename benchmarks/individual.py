"""Conditioning and simulating, warm: processor time."""

import resource

import numpy as np

import bayesdose as bd
from benchmarks.rows import Row, cpu_seconds


def rows() -> list[Row]:
    """Return the table's rows."""
    fit = bd.load_fit("phenobarbital")
    study = bd.read_study(bd.data_path("phenobarbital"), fit.model)
    patient = study.select("24").first_levels(2)
    made = []
    for particles, target in ((4096, 10), (16384, 30)):
        ms = 1e3 * cpu_seconds(lambda n=particles: bd.condition(fit, patient, seed=2, particles=n))
        made.append(
            Row(f"condition, 2 levels, {particles} particles", f"{ms:.1f} ms", f"<= {target} ms", "warm, CPU")
        )
    return [*made, simulate_row(fit, patient)]


def simulate_row(fit, patient) -> Row:
    """Simulate 4,000 draws x 200 options x 100 times."""
    me = bd.condition(fit, patient, seed=2)
    amounts = np.linspace(0.5, 6.0, 100)
    options = bd.regimens(
        "{amount} mg/kg every {interval} h x 10",
        amount=amounts,
        interval=[12, 24],
        after=patient,
        current=False,
    )
    times = options.start + np.linspace(0, 240, 100)
    seconds = cpu_seconds(lambda: bd.simulate(me, options, {"at": bd.concentration_at(times)}), repeats=3)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return Row(
        f"simulate {len(me)} draws x {len(options)} options x 100 times",
        f"{seconds:.2f} s",
        "<= 2 s",
        f"warm, CPU; peak memory of the process {peak:.2f} GiB",
    )
