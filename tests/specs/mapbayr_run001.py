"""The model of mapbayr's NONMEM comparison run001: everything fixed, so that only eta is estimated."""

import bayesdose as bd

CARD = bd.Card(drug="mapbayr run001", source="FelicienLL/mapbayr inst/nm001/run001.mod")
OMEGA, SIGMA = 0.2**0.5, 0.05**0.5


def model(study):
    """Declare the model on a study."""
    with bd.population_model(study, CARD) as m:
        eta = bd.eta({"CL": OMEGA, "V": OMEGA, "ka": OMEGA})
        CL = bd.parameter("CL", bd.theta("CL", 4.0, unit="L/h"), eta["CL"])
        V = bd.parameter("V", bd.theta("V", 70.0, unit="L"), eta["V"])
        ka = bd.parameter("ka", bd.theta("ka", 1.0, unit="1/h"), eta["ka"])
        bd.observe("DV", bd.one_compartment(CL=CL, V=V, ka=ka), error=bd.proportional(SIGMA))
    return m
