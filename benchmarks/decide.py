"""CPU seconds of one decision: 4,000 draws x 200 options, limits, a window with harm (to reach: 0.2)."""

from __future__ import annotations

import time

import numpy as np
import xarray as xr

from bayesdose.decision import decide, max_daily, named_utility

LIMIT_S = 0.2


def outcome(draws: int, options: int, copies: int = 2) -> xr.Dataset:
    rng = np.random.default_rng(1)
    mg = np.linspace(1.0, 10.0, options - 1)
    volume = 1.8 * np.exp(0.2 * rng.standard_normal((draws, 1)))
    keep = np.exp(-rng.lognormal(-1.0, 0.3, (draws, 1)))
    doses = np.concatenate([[0.0], mg])
    trough = doses / volume * keep / (1 - keep)
    return xr.Dataset(
        {"trough": (("draw", "option"), trough), "peak": (("draw", "option"), trough + doses / volume)},
        coords={
            "option": ["no treatment", *(f"{x:.4g} mg every 12 h x 10" for x in mg)],
            "kind": ("option", ["none"] + ["candidate"] * (options - 1)),
            "amount": ("option", np.concatenate([[np.nan], mg])),
            "max_daily": ("option", 2 * doses),
            "particle": ("draw", np.arange(draws) // copies),
        },
        attrs={"amount_unit": "mg", "cov_WT": 1.3},
    )


def cpu_seconds(draws: int, options: int, repeats: int = 7) -> tuple[float, float]:
    """Least CPU time, after a warm run, of deciding alone and of deciding, printing and JSON."""
    o = outcome(draws, options)
    u = named_utility(
        "window", outcome="trough", low=15, high=30, harm="peak", harm_above=40, harm_weight=2.0
    )
    times = []
    for _ in range(repeats + 1):
        start = time.process_time()
        choice = decide(o, u, limits=[max_daily("12 mg/kg")])
        decided = time.process_time() - start
        str(choice), choice.to_dict()
        times.append((decided, time.process_time() - start))
    return min(t[0] for t in times[1:]), min(t[1] for t in times[1:])


def main() -> None:
    print(f"{'draws':>8} {'options':>8} {'decide, CPU s':>14} {'and write, CPU s':>17}")
    for draws, options in [(4000, 50), (4000, 200), (4000, 800), (16000, 200)]:
        alone, written = cpu_seconds(draws, options)
        print(f"{draws:>8} {options:>8} {alone:>14.3f} {written:>17.3f}")
    print(f"to reach at 4000 x 200: {LIMIT_S} CPU s")


if __name__ == "__main__":
    main()
