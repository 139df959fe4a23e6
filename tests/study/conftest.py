import pytest
from study_tables import HEADER, neonate_card

from bayesdose.study import data_path, read_study


@pytest.fixture(scope="session")
def card():
    return neonate_card()


@pytest.fixture(scope="session")
def neonates(card):
    return read_study(data_path("phenobarbital"), card)


@pytest.fixture
def read(card, tmp_path):
    """Read a table given as rows of text (after the usual header) or as a whole text."""

    def _read(*rows, text=None, card=card, **more):
        path = tmp_path / "table.csv"
        path.write_bytes((text if text is not None else HEADER + "\n".join(rows) + "\n").encode())
        return read_study(path, card, **more)

    return _read
