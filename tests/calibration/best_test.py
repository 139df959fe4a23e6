"""How many x10 slips any test of the levels could see: the likelihood ratio of the slip, beside `red_flags`.

``python tests/calibration/best_test.py [vancomycin|phenobarbital] [designs] [seed]``. By the lemma of Neyman
and Pearson (Phil Trans R Soc A 1933;231:289) no test with the same share of false alarms sees more slips of
one level, chosen at random, than the ratio of the densities with and without the slip: what it misses, the
levels do not say.
"""

import sys

import numpy as np
from planted_errors import fit_and_designs

from bayesdose.flags.looking import Design
from bayesdose.individual import compile_individual

REPLICATES, SLIPPED, PARTICLES = 2000, 300, 1500
ALPHAS = (0.01, 0.02)


def log_ratio(own, y):
    """Log of the density with one level, any, ten times too high over that without, (patient,)."""
    none = np.zeros(y.shape, dtype=np.int64)
    parts = []
    for j in range(y.shape[1]):
        right = y.copy()
        right[:, j] /= 10
        parts.append(own.evidence(right, none) - np.log(10))
    return np.logaddexp.reduce(parts, axis=0) - np.log(y.shape[1]) - own.evidence(y, none)


def slipped(design, study, rng):
    """Levels of simulated patients, one of each ten times too high."""
    y = np.maximum(design.reference(study).y, 0.0)
    j = rng.integers(y.shape[1], size=len(y))
    y[np.arange(len(y)), j] *= 10
    return y[y[np.arange(len(y)), j] > 0]


def shares(name, n, seed):
    """Share of x10 slips seen at each alpha, (design, alpha): by the best test, and by the flags."""
    fit, designs = fit_and_designs(name, n, np.random.default_rng(seed))
    compiled, best, flags = compile_individual(fit.model), [], []
    for i, study in enumerate(designs):
        numbers = (compiled, fit.population_draws, None, ALPHAS[0])
        own = Design(*numbers, 1000 * seed + i, REPLICATES, PARTICLES).reference(study)
        wrong = slipped(Design(*numbers, 777_000 + i, SLIPPED, 8), study, np.random.default_rng((seed, i)))
        clean, found = log_ratio(own, np.maximum(own.y, 0.0)), log_ratio(own, wrong)
        smallest = own.p_values(own.statistics(wrong, np.zeros(wrong.shape, dtype=np.int64))).min(axis=1)
        best.append([np.mean(found > np.quantile(clean, 1 - alpha)) for alpha in ALPHAS])
        flags.append([np.mean(smallest <= own.limit(alpha)) for alpha in ALPHAS])
    return np.array(best), np.array(flags)


def main():
    """Print the shares."""
    name, n, seed = ([*sys.argv[1:], *("vancomycin", "40", "2")[len(sys.argv) - 1 :]])[:3]
    for what, seen in zip(("best test", "red flags"), shares(name, int(n), int(seed)), strict=True):
        told = ", ".join(
            f"{100 * m:.1f} % at alpha {a}" for m, a in zip(seen.mean(axis=0), ALPHAS, strict=True)
        )
        print(f"{name}, {n} designs: {what} sees {told} of the x10 slips")


if __name__ == "__main__":
    main()
