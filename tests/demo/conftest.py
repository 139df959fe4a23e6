import json

import pytest

from bayesdose.demo import run_demo


@pytest.fixture(scope="session")
def said():
    """What the demo printed."""
    return []


@pytest.fixture(scope="session")
def demo(tmp_path_factory, said):
    """The whole demo, run once: a real fit."""
    return run_demo(tmp_path_factory.mktemp("demo") / "out", seed=1, say=said.append)


@pytest.fixture(scope="session")
def folder(demo):
    return demo.files[0].parent


@pytest.fixture(scope="session")
def decision(folder):
    return json.loads((folder / "decision.json").read_text(encoding="utf-8"))
