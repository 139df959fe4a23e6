"""One or several conditioned patients, as JSON-able values and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bayesdose.case.record import individual_record, individual_text, parameter_line

if TYPE_CHECKING:
    import xarray as xr

    from bayesdose.flags import Flags
    from bayesdose.individual import Draws

_NUMBERS = ("khat", "ess", "theta_ess", "z_norm", "levels", "rounds", "ms", "log_evidence")
_STATISTICS = {"mean": "mean", "sd": "sd", "5 %": "lower", "50 %": "median", "95 %": "upper"}


@dataclass(frozen=True)
class Conditioned:
    """What is told of one patient.

    Parameters
    ----------
    record
        JSON-able: patient, diagnostics, parameters (mean, sd, lower and upper: 90 %), units, red_flags,
        refused (the reason, or None).
    text
        The same in words.
    refused
        Whether there is no posterior.
    """

    record: Mapping[str, Any]
    text: str
    refused: bool = False


def conditioned(name: str, me: Draws, flags: Flags, units: Mapping[str, str]) -> Conditioned:
    """Tell of a patient's draws.

    Parameters
    ----------
    name
        What the patient is called: a surrogate, unless the user asked for more.
    me, flags
        From `condition` and `red_flags`.
    units
        Unit of each parameter, as the fit's provenance has them.
    """
    own = {p: units.get(p, "") for p in me.compiled.parameters}
    record = {"patient": name, **individual_record(me), "units": own}
    head, *rest = individual_text(me, units).split("\n")
    d = me.diagnostics
    lines = [f"{name}\n{head}", rest[0], _more(d.theta_ess, d.z_norm, d.rounds, d.ms), *rest[1:]]
    return Conditioned(
        {**record, "red_flags": flags.to_dict(), "refused": None}, _joined(lines, flags), refused=False
    )


def conditioned_each(
    names: Sequence[str], found: xr.Dataset, flags: Sequence[Flags], units: Mapping[str, str]
) -> list[Conditioned]:
    """Tell of many patients.

    Parameters
    ----------
    names, flags
        Of each subject of `found`, in its order.
    found
        From `condition_each`.
    units
        As in `conditioned`.
    """
    return [_row(name, found.isel(subject=k), flags[k], units) for k, name in enumerate(names)]


def _row(name: str, one: xr.Dataset, flags: Flags, units: Mapping[str, str]) -> Conditioned:
    reason = str(one["reason"].item())
    if reason:
        record = {"patient": name, "red_flags": flags.to_dict(), "refused": reason}
        return Conditioned(record, _joined([name, f"refused    {reason}"], flags), refused=True)
    d = {key: float(one[key]) for key in _NUMBERS}
    parameters = {
        str(p): {_STATISTICS[s]: float(v.sel(statistic=s)) for s in _STATISTICS}
        for p, v in one.data_vars.items()
        if v.dims == ("statistic",)
    }
    method = str(one["method"].item())
    levels = f"{d['levels']:.0f} level{'s' * (d['levels'] != 1)}"
    khat = "" if d["khat"] != d["khat"] else f"k-hat {d['khat']:.2f}, "
    lines = [
        name,
        f"posterior  {levels}, {method}: {khat}ESS {d['ess']:.0f}",
        _more(d["theta_ess"], d["z_norm"], d["rounds"], d["ms"]),
    ]
    for p, v in parameters.items():
        lines.append(parameter_line(p, v, units.get(p, "")))
    record = {"patient": name, "diagnostics": {"method": method, **d}, "parameters": parameters}
    record |= {"units": {p: units.get(p, "") for p in parameters}, "red_flags": flags.to_dict()}
    return Conditioned({**record, "refused": None}, _joined(lines, flags))


def _more(theta_ess: float, z_norm: float, rounds: float, ms: float) -> str:
    times = f"{rounds:.0f} round{'s' * (rounds != 1)}"
    return f"           theta-ESS {theta_ess:.0f}, |z| {z_norm:.2f}, {times}, {ms:.0f} ms"


def _joined(lines: Sequence[str], flags: Flags) -> str:
    first, *rest = str(flags).split("\n")
    return "\n".join([*lines, f"red flags  {first}", *(f"           {line}" for line in rest)])
