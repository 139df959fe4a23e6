"""The patients of bed_infusion with an assay three times as precise."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

_SPEC = spec_from_file_location("bed_infusion", Path(__file__).with_name("bed_infusion.py"))
_USUAL = module_from_spec(_SPEC)
_SPEC.loader.exec_module(_USUAL)
CARD = _USUAL.CARD


def model(study):
    return _USUAL.model(study, sigma=0.05)
