"""Nonlinear systems: one right-hand side, error-controlled solves, and gradients by a discrete adjoint."""
