"""The list of models and the card of one."""


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
    assert "vancomycin_" in shown.stderr
