"""The list of models and the card of one."""

from bayesdose.model import shipped_models


def test_the_list_says_how_far_each_can_be_trusted(as_json):
    listed = {model["name"]: model["status"] for model in as_json("models")["models"]}
    assert listed["phenobarbital"] == "fitted"
    assert listed["vancomycin_goti2018"] == "verified"
    assert listed["cefepime_an2023"] == "unverified"


def test_the_card_of_one(bayesdose, as_json):
    shown = bayesdose("models", "vancomycin_goti2018")
    assert shown.exit_code == 0
    for word in ("verified", "AUC24 400 to 600 mg*h/L", "erratum", "DIAL", "Not for"):
        assert word in shown.stdout
    card = as_json("models", "vancomycin_goti2018")
    assert card["aims"][0]["low"] == 400
    assert card["worked"]["utility"]["outcome"] == "auc"


def test_a_model_that_is_none(bayesdose):
    shown = bayesdose("models", "vancomicyn")
    assert shown.exit_code == 2
    assert "vancomycin_colin2019, vancomycin_goti2018" in shown.stderr


def test_a_users_own_spec_is_not_called_fitted(bayesdose, as_json, tmp_path):
    own = tmp_path / "phenobarbital.py"
    own.write_text(shipped_models()["phenobarbital"].read_text("utf-8"), encoding="utf-8")
    assert "status: no evidence stated" in bayesdose("models", str(own)).stdout
    assert as_json("models", str(own))["status"] == "no evidence stated"
    assert as_json("models", "phenobarbital")["status"] == "fitted"


def test_a_spec_beside_is_meant_when_its_ending_is_missing(bayesdose, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("", encoding="utf-8")
    assert "Probably meant: mine.py" in bayesdose("models", "mine").stderr


def test_a_spec_is_no_fit(bayesdose, tmp_path):
    shown = bayesdose("check", str(tmp_path / "mine.py"))
    assert shown.exit_code == 2
    assert "that is a spec" in shown.stderr
    assert "bayesdose fit SPEC --prior" in shown.stderr
