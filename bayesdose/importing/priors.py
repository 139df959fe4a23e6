"""Priors as the text of a draft: published estimates with their own uncertainty, or a stated default."""

from __future__ import annotations

from bayesdose.importing.text import quoted

_LEAST_RSE = 0.5  # per cent; what bd.published takes as the smallest


def theta_prior(value: float, rse: float | None, *, positive: bool) -> str:
    """Return a theta's prior: log-normal where it is above 0 by its place or bounds, normal otherwise.

    Parameters
    ----------
    value
        The estimate, or the initial one.
    rse
        Relative standard error in per cent; None for the default of the file.
    positive
        Whether it must be above 0.
    """
    if value == 0.0:
        return "pm.Normal.dist(0.0, 1.0)"
    word = "theta" if positive and value > 0.0 else "effect"
    return f"bd.published.{word}({number(value)}, rse_percent={percent(rse, 'RSE')})"


def omega_prior(value: float, rse: float | None, *, scale: str, parameter_scale: str = "log") -> str:
    """Return an omega's prior from its value on `scale` ("variance", "sd", "cv", "cv_approximate")."""
    on = "" if parameter_scale == "log" else f", parameter_scale={quoted(parameter_scale)}"
    rse_text = percent(rse, "RSE_OMEGA")
    return f"bd.published.omega({number(value)}, scale={quoted(scale)}, rse_percent={rse_text}{on})"


def sigma_prior(value: float, rse: float | None, *, scale: str) -> str:
    """Return a sigma's prior from its value on `scale`."""
    return (
        f"bd.published.sigma({number(value)}, scale={quoted(scale)}, rse_percent={percent(rse, 'RSE_SIGMA')})"
    )


def percent(rse: float | None, default: str) -> str:
    """Return the text of a relative standard error, or the name of the file's default."""
    return default if rse is None else f"{max(rse, _LEAST_RSE):.4g}"


def number(value: float) -> str:
    """Return a number with the digits that it came with, up to 12."""
    return repr(float(f"{value:.12g}"))
