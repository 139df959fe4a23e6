"""The published dose of each spec of the library that has options: what the card's regimens give this person.

A label answers with values of the placeholders of the worked patient's options, and which of the dose texts;
`nearest` takes the option that is nearest to it. Where a card gives a range, the middle of it; where it has
no published regimen (synthetic specs), what the worked patient was given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from bayesdose.card import Worked

Person = Mapping[str, float]


@dataclass(frozen=True)
class Label:
    """A published dose.

    Parameters
    ----------
    words
        The dose, in words.
    values
        From covariates to values of the placeholders.
    text
        Number of the dose text, where there are several.
    """

    words: str
    values: Callable[[Person], dict[str, float]]
    text: int = 0

    def option(self, case: Worked, person: Person) -> str:
        """Return the label of the option nearest to this dose, by ratio."""
        texts = (case.options,) if isinstance(case.options, str) else case.options
        near = {name: nearest(case.values[name], value) for name, value in self.values(person).items()}
        return texts[self.text].format(**near)


def nearest(among: list[float], value: float) -> float:
    """Return the value of a list that is nearest by ratio."""
    return among[int(np.abs(np.log(np.asarray(among, dtype=float) / value)).argmin())]


def plain(words: str, **values: float) -> Label:
    """Return a dose that is the same for everyone."""
    return Label(words, lambda _: dict(values))


def per(words: str, size: str, amount: float, **values: float) -> Label:
    """Return a dose per kg or m2."""
    return Label(words, lambda person: {"amount": amount * person[size], **values})


def _vancomycin(person: Person) -> dict[str, float]:
    if person["DIAL"]:
        return {"amount": 750.0, "interval": 24.0}
    return {"amount": 15.0 * person["WT"], "interval": 12.0}


def _ganciclovir(person: Person) -> dict[str, float]:
    """Induction by the prescribing information of Valcyte; a tablet of 450 mg is 324 mg of ganciclovir.

    Below 25 mL/min 450 mg every second day: the same in a day.
    """
    for least, amount, interval in ((60.0, 648.0, 12.0), (40.0, 324.0, 12.0), (25.0, 324.0, 24.0)):
        if person["CRCL"] >= least:
            return {"amount": amount, "interval": interval}
    return {"amount": 162.0, "interval": 24.0}


def _mercaptopurine(person: Person) -> dict[str, float]:
    return {"amount": 75.0 * person["BSA"] * (0.55 if person["TPMT"] else 1.0)}


def _niraparib(person: Person) -> dict[str, float]:
    return {"amount": 200.0 if person["WT"] < 77 or person.get("PLT", 150.0) < 150 else 300.0}


def _omalizumab(person: Person) -> dict[str, float]:
    """At least 0.016 mg/kg per IU/mL of IgE in four weeks (Hochhaus 2003); 1 IU/mL is 2.42 ug/L."""
    monthly = 0.016 * person["WT"] * person["IGE0"] / 2.42
    return {"amount": monthly if monthly <= 300 else monthly / 2, "interval": 4.0 if monthly <= 300 else 2.0}


LABELS = {
    "amikacin_burdet2015": per("27.5 mg/kg every 24 h", "WT", 27.5, interval=24.0),
    "busulfan_mccune2014": per("3.2 mg/kg every 24 h", "WT", 3.2),
    "busulfan_shukla2020": per("3.2 mg/kg every 24 h", "WT", 3.2),
    "cefepime_an2023": plain("2000 mg every 12 h", amount=2000.0, interval=12.0),
    "clopidogrel_danielak2017": plain("75 mg every 24 h", amount=75.0),
    "dabigatran_liesenfeld2013": plain("75 mg every 12 h", amount=75.0, interval=12.0),
    "docetaxel_kloft2006": plain("75 mg/m2 every 3 weeks", amount=75.0),
    "docetaxel_pregnancy_janssen2023": plain("75 mg/m2 every 3 weeks", amount=75.0),
    "fluorouracil_arshad2020": plain("2400 mg/m2 over 46 h every 2 weeks", amount=2400.0),
    "ganciclovir_caldes2009": Label(
        "648 mg every 12 h (900 mg of valganciclovir); below 60 mL/min 324 mg, below 40 once a day",
        _ganciclovir,
    ),
    "gentamicin_xuan2003": per("6 mg/kg every 24 h", "WT", 6.0, interval=24.0),
    "infliximab_fasanmade2009": plain("5 mg/kg every 8 weeks", amount=5.0, interval=8.0),
    "mercaptopurine_hawwa2008": Label(
        "75 mg/m2 a day; 55 % of it for carriers of a TPMT variant", _mercaptopurine
    ),
    "niraparib_gaffney2026": Label("200 mg a day below 77 kg, else 300 mg", _niraparib),
    "niraparib_platelets": Label("200 mg a day below 77 kg or 150e9 platelets/L, else 300 mg", _niraparib),
    "omalizumab_hayashi2007": Label(
        "0.016 mg/kg per IU/mL of IgE in 4 weeks, in two doses where above 300 mg", _omalizumab
    ),
    "phenobarbital": plain("2.5 mg/kg every 12 h (the median of the data)", amount=2.5, interval=12.0),
    "phenytoin_hennig2015": per("5 mg/kg a day in three doses", "WT", 5.0 / 3.0),
    "phenytoin_yukawa1990": plain("125 mg every 12 h", amount=125.0),
    "synthetic_antidepressant": plain("50 mg of the substrate a day", amount=50.0),
    "synthetic_bypass": plain("120 mg of A every 6 h", amount=120.0),
    "synthetic_chronotherapy": plain("120 mg at midnight", amount=120.0, delay=24.0),
    "synthetic_comedication": plain("50 mg every 12 h", amount=50.0),
    "synthetic_conversion_damage": plain("20 mg", amount=20.0),
    "synthetic_fibrinogen": plain("2 g", amount=2.0),
    "synthetic_marker": plain("100 mg of A a day", amount=100.0),
    "synthetic_pregnancy": plain("100 mg every 12 h", amount=100.0, interval=12.0),
    "synthetic_rapid_metaboliser": plain("100 mg every 8 h", amount=100.0, interval=8.0),
    "synthetic_scavenger": plain("2 g every 6 h", amount=2.0),
    "synthetic_steepness": plain("100 mg of X every 6 h", amount=100.0),
    "synthetic_stroke_bleed": plain("10 mg every 12 h", amount=10.0),
    "synthetic_tmdd_full": plain("300 nmol every 2 weeks", amount=300.0, interval=14.0),
    "synthetic_tmdd_mm": plain("300 nmol every 2 weeks", amount=300.0, interval=14.0),
    "synthetic_tmdd_qss": plain("300 nmol every 2 weeks", amount=300.0, interval=14.0),
    "tacrolimus_andrews2017": per("0.15 mg/kg every 12 h", "WT", 0.15),
    "tobramycin_hennig2013": per("9 mg/kg every 24 h", "WT", 9.0, interval=24.0),
    "vancomycin_colin2019": plain("12.5 mg/kg every 12 h", amount=12.5, interval=12.0),
    "vancomycin_goti2018": Label("15 mg/kg every 12 h; 750 mg a day in dialysis", _vancomycin),
    "vancomycin_thomson2009": per("15 mg/kg every 12 h", "WT", 15.0, interval=12.0),
    "voriconazole_friberg2012": plain("8 mg/kg every 12 h (children)", amount=8.0),
    "warfarin_hamberg2007": plain("5 mg a day", amount=5.0),
    "warfarin_pkpca_holford": plain("5 mg a day (as of the other models of warfarin)", amount=5.0),
    "warfarin_xia2024": plain("5 mg a day", amount=5.0),
}
