"""Studies and seeded real fits that several tests share."""

import pytest

import bayesdose as bd

MODELS = ("phenobarbital", "theophylline")


@pytest.fixture(scope="session", params=MODELS)
def model(request):
    return bd.load_model(request.param)


@pytest.fixture(scope="session")
def phenobarbital():
    return bd.load_model("phenobarbital")


@pytest.fixture(scope="session")
def neonates(phenobarbital):
    return bd.read_study(bd.data_path("phenobarbital"), phenobarbital)


@pytest.fixture(scope="session")
def neonates_fit(phenobarbital, neonates):
    """A fit of all 59 neonates, long enough to compare with Stan."""
    return bd.fit(phenobarbital, neonates, seed=1, draws=2500, progress=False)


@pytest.fixture(scope="session")
def theophylline_fit():
    """A fit of the twelve subjects, long enough to compare with Stan."""
    model = bd.load_model("theophylline")
    study = bd.read_study(bd.data_path("theophylline"), model)
    return bd.fit(model, study, seed=1, draws=2500, progress=False)


@pytest.fixture(scope="session")
def stored_fit():
    """The stored fit of the neonates without the three held out."""
    return bd.load_fit("phenobarbital")
