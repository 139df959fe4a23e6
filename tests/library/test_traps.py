"""Known transcription traps of the published models: scale of omega, units, signs, rounded factors, errata.

The numbers are those of the sources that the specs quote; what the prior medians and graphs hold is
computed from them here a second time.
"""

import math

import numpy as np
import pandas as pd
import pytensor
import pytest
from library import reference_patient

import bayesdose as bd
from bayesdose.case import worked_tables
from bayesdose.model import build


def medians(name):
    """Prior medians by name, from the stored prior draws' provenance."""
    return {k: record["median"] for k, record in bd.load_fit(name).provenance["priors"].items()}


def exact(cv):
    return math.sqrt(math.log1p(cv**2))


@pytest.mark.parametrize(
    ("name", "omegas"),
    [
        # CVs that are exact, not sqrt(OMEGA): PKPDsim takes 0.398^2, posologyr log(1 + 0.398^2)
        ("vancomycin_goti2018", {"CL": exact(0.398), "V1": exact(0.816), "V2": exact(0.571)}),
        ("tacrolimus_andrews2017", {"ka": exact(1.88), "CL": exact(0.25), "V1": exact(0.69)}),
        ("clopidogrel_danielak2017", {"CL": exact(0.498), "FM": exact(0.714)}),
        # CVs that are the square root of a variance
        ("cefepime_an2023", {"CL": 0.089401**0.5, "V1": 0.427716**0.5, "V2": 0.029929**0.5}),
        ("phenytoin_hennig2015", {"CL": 0.2275**0.5, "ka": 3.27**0.5, "F": 3.30**0.5}),
        # variances
        ("gentamicin_xuan2003", {"CL": 0.084**0.5, "V": 0.003**0.5}),
        ("docetaxel_kloft2006", {"BASE": 0.06397**0.5, "slope": 0.128412**0.5}),
        # SDs with correlations
        ("tobramycin_hennig2013", {"CL": 0.067081**0.5, "V2": 0.342225**0.5}),
        # SDs: PKPDsim has 0.5 and 1 for Vmax and Km
        ("voriconazole_friberg2012", {"Km": 1.36, "Vmax": 0.239, "CL": 0.435, "Q": 0.179776**0.5}),
        ("vancomycin_thomson2009", {"CL": 0.0729**0.5, "V1": 0.0225**0.5, "V2": 1.69**0.5}),
        ("amikacin_burdet2015", {"CL": 0.1**0.5, "V2": 0.2**0.5, "Q": 0.08**0.5}),
        ("busulfan_shukla2020", {"CL": 0.0595**0.5, "V": 0.0293**0.5}),
        ("docetaxel_pregnancy_janssen2023", {"CL": 0.082906**0.5, "V1": 0.13356**0.5, "Q3": 0.040381**0.5}),
    ],
)
def test_the_scale_of_omega(name, omegas):
    """omega is an SD in this package, whatever the paper prints."""
    found = medians(name)
    for parameter, omega in omegas.items():
        assert found[f"omega_{parameter}"] == pytest.approx(omega, rel=2e-3), parameter


def test_ganciclovir_follows_the_symbols_of_its_table():
    """0.143 is sigma squared and 0.049 the variance of logit F; posologyr takes both otherwise."""
    found = medians("ganciclovir_caldes2009")
    assert found["sigma_prop"] == pytest.approx(0.143**0.5)
    assert found["omega_F"] == pytest.approx(0.049**0.5)


def test_standard_errors_of_abstracts_are_used():
    """Infliximab: CL 0.407 +- 0.0103 L/day; omalizumab: excess clearance 5.86 +- 0.920 mL/h."""
    for name, theta, rse in (
        ("infliximab_fasanmade2009", "theta_CL", 0.0103 / 0.407),
        ("omalizumab_hayashi2007", "theta_dCLc", 0.920 / 5.86),
    ):
        prior = bd.load_fit(name).provenance["priors"][theta]
        s = math.log(prior["upper90"] / prior["lower90"]) / (2 * 1.6449)
        assert s == pytest.approx(exact(rse), rel=1e-3)


def test_variability_between_occasions_is_kept():
    assert medians("tacrolimus_andrews2017")["omega_kappa_CL"] == pytest.approx(exact(0.18))
    assert medians("dabigatran_liesenfeld2013")["omega_kappa_F"] == pytest.approx(exact(0.48))
    assert medians("busulfan_shukla2020")["omega_kappa_CL"] == pytest.approx(exact(0.1288))


def test_factors_are_those_of_the_table_not_of_the_rounded_equation():
    found = medians("tacrolimus_andrews2017")
    assert found["theta_nonexpresser"] == pytest.approx(1.04)
    assert found["theta_expresser"] == pytest.approx(1.98)


def test_a_printed_minus_on_a_sigma_means_nothing():
    assert medians("clopidogrel_danielak2017")["sigma_prop_1"] == pytest.approx(0.45)


def test_units_of_residual_errors():
    """Busulfan: 27 and 22.2 ug/L printed, mg/L here."""
    assert medians("busulfan_mccune2014")["sigma_add"] == pytest.approx(0.027)
    assert medians("busulfan_shukla2020")["sigma_add"] == pytest.approx(0.0222)


def test_a_nearly_singular_omega_block_is_taken_as_it_is_published():
    fixed = bd.load_fit("busulfan_mccune2014").provenance["fixed"]
    names = ("CL", "V1", "Q", "V2")
    matrix = np.eye(4)
    for i, a in enumerate(names):
        for j in range(i):
            matrix[i, j] = matrix[j, i] = fixed[f"rho_{names[j]}_{a}"]
    sd = np.sqrt([0.0459, 0.152, 0.814, 0.00932])
    assert np.linalg.eigvalsh(matrix * np.outer(sd, sd))[0] == pytest.approx(0.000107, abs=2e-6)


def test_the_slope_of_docetaxel_is_per_mg():
    """15.57 L/umol at 807.9 g/mol is 19.27 L/mg."""
    model = bd.load_model("docetaxel_kloft2006")
    made = build(model, worked_tables(model)[1])
    slope = at_medians(made, model, "slope")
    # the worked patient's glycoprotein is 0.04 g/L below the reference
    assert slope[0] == pytest.approx(15.5711 / 0.8079 * (1 + 0.350693 * 0.04), rel=1e-6)


def test_dialysis_at_equal_flows_is_finite():
    """Michaels' equation is 0/0 where blood and dialysate flow alike: QB KoA / (QB + KoA)."""
    model = bd.load_model("dabigatran_liesenfeld2013")
    made = build(model, reference_patient(model, {"HD": 1.0, "QB": 300.0, "QD": 300.0}))
    total = at_medians(made, model, "CL_total")
    assert total[-1] == pytest.approx(12.4 + 300 * 313 / 613, rel=1e-6)


def typical_value(spec, name, covariates):
    """A parameter of the typical patient with these covariates."""
    model = bd.load_model(spec)
    return at_medians(build(model, reference_patient(model, covariates)), model, name)[-1]


def test_factors_of_voriconazole_are_the_cohorts():
    """PKPDsim multiplies Q by 1.637 at all ages and lowers Vmax and Km of all children."""
    spec = "voriconazole_friberg2012"
    assert typical_value(spec, "Q", {"COHORT": 0.0}) == pytest.approx(15.5)
    assert typical_value(spec, "Q", {"COHORT": 2.0}) == pytest.approx(15.5 * 1.637)
    assert typical_value(spec, "Vmax", {"COHORT": 2.0}) == pytest.approx(114.0)
    assert typical_value(spec, "ka", {"COHORT": 1.0}) == pytest.approx(1.19 * 0.385)


def followed(spec, name, **columns):
    """A parameter of a typical patient with these columns, over the interval before each record."""
    model = bd.load_model(spec)
    row = {"ID": "1", "TIME": [0.0, 24.0, 48.0, 72.0], "AMT": 0.0, "DV": [None] * 4, "EVID": 2}
    row |= {c.name: c.reference for c in model.card.covariates} | columns
    return at_medians(build(model, bd.read_study(pd.DataFrame(row), model)), model, name)


def test_covariates_that_changed_in_the_paper_change_here():
    """Haematocrit acts below 0.3 alone, from its measurement to the next; so does albumin on the binding."""
    CL = followed("tacrolimus_andrews2017", "CL", HCT=[0.25, 0.28, 0.40, 0.40])
    factors = np.array([(0.25 / 0.3) ** -0.44, (0.28 / 0.3) ** -0.44, 1.0])
    np.testing.assert_allclose(CL[1:], 50.5 * 1.04 * factors, rtol=1e-6)
    PUB = followed("phenytoin_hennig2015", "PUB", ALB=[35.0, 25.0, 20.0, 20.0])
    np.testing.assert_allclose(PUB[1:], 8.23 * (1 + 0.00737 * np.array([0.0, -10.0, -15.0])), rtol=1e-6)


def test_creatinine_clearance_of_thomson_is_per_minute():
    """PKPDsim's is in L/h: 3.96 L/h are 66 mL/min."""
    assert typical_value("vancomycin_thomson2009", "CL", {"CRCL": 3.96 * 16.66667}) == pytest.approx(2.99)


def test_docetaxel_without_pregnancy_is_the_usual_docetaxel():
    """The gestational layer is the identity at week 0."""
    spec = "docetaxel_pregnancy_janssen2023"
    for name, value in {"CL": 44.1, "V1": 8.9, "V2": 7.3, "V3": 388.0}.items():
        assert typical_value(spec, name, {"EGA": 0.0}) == pytest.approx(value, rel=1e-9), name


def test_the_covariances_of_amikacin_are_a_matrix():
    """Rounded to one or two digits in the copy: positive definite, smallest eigenvalue 0.0254."""
    fixed = bd.load_fit("amikacin_burdet2015").provenance["fixed"]
    names, sd = ("CL", "V1", "V2", "Q"), np.sqrt([0.1, 0.05, 0.2, 0.08])
    matrix = np.eye(4)
    for i, a in enumerate(names):
        for j in range(i):
            matrix[i, j] = matrix[j, i] = fixed[f"rho_{names[j]}_{a}"]
    assert np.linalg.eigvalsh(matrix * np.outer(sd, sd))[0] == pytest.approx(0.025447, abs=2e-6)


def at_medians(made, model, name):
    """Return a parameter of the typical patient, with thetas at their prior medians."""
    found = medians(model.name)
    inputs = [made[k] for k in found] + [made[k] for k in made.declaration.individual]
    compiled = pytensor.function(inputs, made[name], on_unused_input="ignore", mode="FAST_COMPILE")
    shapes = [made[k].eval().shape for k in made.declaration.individual]
    return compiled(*found.values(), *(np.zeros(shape) for shape in shapes))
