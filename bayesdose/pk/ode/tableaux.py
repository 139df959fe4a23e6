"""Coefficients of the two Runge-Kutta pairs; both have seven stages, the last of which is the result.

Tsitouras 5(4), explicit: Tsitouras 2011, Computers and Mathematics with Applications 62:770, table 1.
Kvaerno 5(4), an ESDIRK pair whose solutions are both stiffly accurate and A-stable, that of order 5 also
L-stable: Kvaerno 2004, BIT 44:489.
"""

from __future__ import annotations

import numpy as np

from bayesdose.pk.kernels import Array


def _lower(rows: list[list[float]], diagonal: float) -> Array:
    """Return a (7, 7) tableau from its rows below the diagonal; the first stage is explicit."""
    A = np.zeros((7, 7))
    for i, row in enumerate(rows, start=1):
        A[i, : len(row)] = row
        A[i, i] = diagonal
    return A


GAMMA = 0.26

EXPLICIT = _lower(
    [
        [0.161],
        [-0.008480655492356988544, 0.3354806554923569885],
        [2.897153057105493432, -6.359448489975074843, 4.362295432869581411],
        [5.325864828439256604, -11.74888356406282788, 7.495539342889836208, -0.09249506636175524925],
        [
            5.861455442946420028,
            -12.92096931784710929,
            8.159367898576158643,
            -0.07158497328140099722,
            -0.02826905039406838290,
        ],
        [
            0.09646076681806522952,
            0.01,
            0.4798896504144995748,
            1.379008574103741893,
            -3.290069515436080679,
            2.324710524099773982,
        ],
    ],
    0.0,
)
EXPLICIT_ERROR = np.array(
    [
        0.001780011052225771443,
        0.0008164344596567469,
        -0.007880878010261995,
        0.1447110071732629,
        -0.5823571654525552,
        0.4580821059291870,
        -1.0 / 66.0,
    ]
)
"""Weights of the fifth order less those of the fourth."""

IMPLICIT = _lower(
    [
        [GAMMA],
        [0.13, 0.84033320996790809],
        [0.22371961478320505, 0.47675532319799699, -0.06470895363112615],
        [0.16648564323248321, 0.10450018841591720, 0.03631482272098715, -0.13090704451073998],
        [0.13855640231268224, 0.0, -0.04245337201752043, 0.02446657898003141, 0.61943039072480676],
        [
            0.13659751177640291,
            0.0,
            -0.05496908796538376,
            -0.04118626728321046,
            0.62993304899016403,
            0.06962479448202728,
        ],
    ],
    GAMMA,
)
"""The result is stage 7, the solution of fourth order stage 6."""

EXPLICIT_TIMES = EXPLICIT.sum(axis=1)
IMPLICIT_TIMES = IMPLICIT.sum(axis=1)


def _predictors() -> Array:
    """Return the weights of earlier slopes in the first guess of each: the polynomial through three."""
    weights = np.zeros((7, 7))
    weights[1, 0] = 1.0
    for stage in range(2, 7):
        nodes = IMPLICIT_TIMES[: min(stage, 3)]
        for j, node in enumerate(nodes):
            others = np.delete(nodes, j)
            weights[stage, j] = np.prod((IMPLICIT_TIMES[stage] - others) / (node - others))
    weights[6] = 0.0
    weights[6, 5] = 1.0  # at the same time as the sixth
    return weights


PREDICTOR = _predictors()
