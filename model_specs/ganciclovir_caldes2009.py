"""Ganciclovir by vein and by mouth: bioavailability, lag time, clearance by creatinine clearance.

Caldes A, Colom H, Armendariz Y, et al. Population pharmacokinetics of ganciclovir after intravenous
ganciclovir and oral valganciclovir administration in solid organ transplant patients infected with
cytomegalovirus. Antimicrob Agents Chemother 2009;53:4816-4824, Table 3, as nlmixr2lib and posologyr
transcribe it, and its abstract. Omegas are variances, residual SDs add. The two copies differ in two numbers.
F: nlmixr2lib has it logit-normal, as the paper had it, with a variance of 0.049 of the logit; posologyr has
it log-normal (0.825 exp(eta)), where it exceeds 1 in one patient of five: logit-normal here. Residual error:
0.143 is the variance of the proportional part in nlmixr2lib, which quotes the table's sigma squared, and its
SD in posologyr: the variance here, an SD of 37.8 %. Oral doses are in mg of ganciclovir (0.72 mg from 1 mg of
valganciclovir). RSEs are not in the copies: 10 % for thetas (4 % for F, which must stay below 1), 40 % for
variances and 15 % for sigmas are defaults.
"""

import bayesdose as bd

RSE, RSE_VARIANCE, RSE_SIGMA = 10, 40, 15

CARD = bd.Card(
    drug="ganciclovir",
    title="Ganciclovir by vein and valganciclovir by mouth after transplantation",
    compartments=("depot", "central", "peripheral"),
    covariates=[
        bd.Covariate(
            "CRCL", unit="mL/min", reference=57.0, range=(5.0, 200.0), description="creatinine clearance"
        ),
    ],
    source="doi:10.1128/aac.00085-09",
    population="adults after solid organ transplantation, treated for cytomegalovirus",
    limitations=(
        "Oral doses in mg of ganciclovir (0.72 per mg of valganciclovir, as in the paper). Its "
        "own regimens give a typical AUC24 of 81 (by mouth, 100 mL/min) and 93 mg*h/L (by vein, 57 mL/min): "
        "the aims below are unconfirmed, and no target of treatment."
    ),
    not_for="children, dialysis",
    evidence=bd.Evidence(
        status="verified",
        against=(
            "the paper's abstract (PMC2772326): all thetas; omegas and additive error: two public "
            "transcriptions agree (posologyr, nlmixr2lib); not on F's scale and the proportional error"
        ),
        omega="variance",
        error="combined1 (SDs add), as posologyr codes it",
        uncertainty="defaults: RSE 10 % (thetas), 4 % (F), 40 % (variances), 15 % (sigmas)",
        errata=(
            "F is logit-normal (nlmixr2lib, as the paper); log-normal in posologyr, where it exceeds 1",
            "0.143 is a variance (nlmixr2lib quotes sigma squared): 37.8 %; posologyr takes it as the SD",
        ),
    ),
    aims=[
        bd.Aim("AUC24", 40, 60, "mg*h/L", source="clinical practice, to be confirmed"),
        bd.Aim(
            "AUC24",
            high=80,
            unit="mg*h/L",
            harm=True,
            source="neutropenia above 60-80; the upper end, as usual doses exceed the lower; to be confirmed",
        ),
    ],
    regimens=("5 mg/kg every 12 h over 1 h into a vein", "900 mg valganciclovir every 12 h by mouth"),
    expected=[
        bd.Expected(
            "auc24",
            value=700 / 7.49,
            source="2 x 350 mg by vein / 7.49 L/h at 57 mL/min",
            regimen="350 mg over 1 h into central every 12 h x 4 at steady state",
        ),
        bd.Expected(
            "auc24",
            value=0.825 * 1296 / (7.49 * 100 / 57),
            source="0.825 of 2 x 648 mg / (7.49 100/57) L/h",
            regimen="648 mg every 12 h x 4 at steady state",
            covariates={"CRCL": 100.0},
        ),
    ],
    worked=bd.Worked(
        story="Creatinine clearance 45 mL/min; 324 mg (as ganciclovir) by mouth, two levels on day 2.",
        table={
            "TIME": [0.0, 0.0, 12.0, 24.0, 26.0, 32.0],
            "AMT": [0.0, 324.0, 324.0, 324.0, 0.0, 0.0],
            "DV": [None, None, None, None, 5.1, 2.6],
            "EVID": [2, 1, 1, 1, 0, 0],
            "CRCL": 45.0,
        },
        options="{amount} mg every {interval} h for 4 days",
        values={"amount": [162, 243, 324, 405, 486, 567, 648], "interval": [12, 24]},
        outcomes={"auc": ("auc24", {})},
        utility={
            "name": "window",
            "outcome": "auc",
            "low": 40,
            "high": 60,
            "harm": "auc",
            "harm_above": 80,
            "harm_weight": 1,
        },
        why="1 for an AUC24 of 40 to 60 mg*h/L, 1 lost above 80 (neutropenia)",
    ),
)


def theta(name, value, unit="", rse=RSE):
    return bd.theta(name, bd.published.theta(value, rse_percent=rse), unit=unit)


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:
        CRCL = bd.covariate("CRCL")

        def variance(value):
            return bd.published.omega(value, scale="variance", rse_percent=RSE_VARIANCE)

        logit = bd.published.omega(0.049, scale="variance", rse_percent=RSE_VARIANCE, parameter_scale="logit")
        eta = bd.eta({"CL": variance(0.107), "V1": variance(0.227), "ka": variance(0.464), "F": logit})
        CL = bd.parameter("CL", theta("CL", 7.49, "L/h") * CRCL / 57.0, eta["CL"])
        V1 = bd.parameter("V1", theta("V1", 31.9, "L"), eta["V1"])
        Q = bd.parameter("Q", theta("Q", 10.2, "L/h"))
        V2 = bd.parameter("V2", theta("V2", 32.0, "L"))
        ka = bd.parameter("ka", theta("ka", 0.895, "1/h"), eta["ka"])
        F = bd.parameter("F", theta("F", 0.825, rse=4), eta["F"], scale="logit")
        lag = bd.parameter("lag", theta("lag", 0.382, "h"))
        prediction = bd.two_compartment(CL=CL, V1=V1, Q=Q, V2=V2, ka=ka, F={"depot": F}, lag={"depot": lag})
        error = bd.combined1(
            bd.published.sigma(0.465, scale="sd", rse_percent=RSE_SIGMA),
            bd.published.sigma(0.143**0.5, scale="cv", rse_percent=RSE_SIGMA),
        )
        bd.observe("DV", prediction, error=error)
    return m
