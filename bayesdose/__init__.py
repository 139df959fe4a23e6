"""From a population PK/PD model to the best dose for one patient: declare, fit, condition, decide.

Names load on first use, so that ``import bayesdose`` does not pay for PyMC.
"""

from __future__ import annotations

from importlib import import_module

__version__ = "0.1.0"

_ROOMS: dict[str, tuple[str, ...]] = {
    "errors": ("BayesdoseError", "InputError", "Refused"),
    "card": ("Aim", "Card", "Covariate", "Endpoint", "Evidence", "Expected", "Units", "Worked"),
    "covariates": (
        "activity_score",
        "allometric",
        "body",
        "categorical_effect",
        "exponential_effect",
        "genotype",
        "linear_effect",
        "maturation",
        "power_effect",
        "renal",
    ),
    "study": (
        "Change",
        "Finding",
        "Formulation",
        "Histories",
        "Options",
        "Strengths",
        "Study",
        "TableError",
        "after_missed_dose",
        "combine",
        "data_path",
        "missed_doses",
        "read_study",
        "regimens",
        "round_to",
        "uncertain_times",
    ),
    "pk": (
        "accumulated_load",
        "auc",
        "auc24",
        "average",
        "concentration_at",
        "conversions",
        "effects",
        "minimum",
        "nadir",
        "nca",
        "peak",
        "time_above",
        "time_below",
        "time_of_nadir",
        "time_of_peak",
        "trough",
    ),
    "model": (
        "autocorrelated",
        "binary",
        "combined1",
        "combined2",
        "log_normal",
        "negative_binomial",
        "ordinal",
        "poisson",
        "power",
        "student_t",
        "time_to_event",
        "mixture",
        "box_cox",
        "logit_normal",
        "between",
        "kappa",
        "Imputed",
        "Model",
        "System",
        "additive",
        "at_observations",
        "covariate",
        "eta",
        "linear",
        "load_model",
        "observe",
        "ode",
        "ode_failures",
        "one_compartment",
        "parameter",
        "population_model",
        "priors_of",
        "proportional",
        "published",
        "theta",
        "three_compartment",
        "transit_chain",
        "two_compartment",
    ),
    "importing": ("Draft", "import_nonmem", "import_table", "try_draft"),
    "fitting": ("Fit", "fit", "load_fit", "sensitivity"),
    "individual": (
        "Alternatives",
        "Bedside",
        "Draws",
        "averaged",
        "bedside",
        "condition",
        "condition_each",
        "fixed",
        "map_estimate",
        "prior_fit",
        "typical",
        "weigh",
    ),
    "flags": ("Flag", "Flags", "red_flags"),
    "predictive": ("fitted", "replicates"),
    "validate.priors": ("prior_check",),
    "simulation": ("predict", "simulate"),
    "learning": (
        "assumptions",
        "course",
        "current_regimen",
        "learned",
        "next_levels",
        "taught",
        "weights",
    ),
    "decision": (
        "Acknowledged",
        "Choice",
        "Event",
        "Override",
        "above",
        "asymmetric_error",
        "attainment",
        "below",
        "best_time_of_day",
        "by_subject",
        "chance",
        "contraindicated",
        "cvar",
        "decide",
        "decision_tree",
        "dose_bands",
        "dose_table",
        "enbs",
        "evpi",
        "evppi",
        "evsi",
        "evsi_test",
        "in_window",
        "join",
        "log_squared_error",
        "log_target_score",
        "max_daily",
        "max_load",
        "max_single",
        "min_interval",
        "minimax_regret",
        "named_utility",
        "only_for",
        "soft",
        "share_kept",
        "squared_error",
        "threshold_analysis",
        "stakeholders",
        "verify_audit",
    ),
    "reporting": ("figure", "report", "write_draws", "write_pages"),
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names}
__all__ = ["__version__", *sorted(_HOME)]


# rooms whose functions are called with the room's name: bd.validate.loo
_NAMESPACES = ("economics", "outcomes", "validate")


def __getattr__(name: str) -> object:
    if name in _NAMESPACES:
        return import_module(f"bayesdose.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'bayesdose' has no attribute {name!r}")
    value = getattr(import_module(f"bayesdose.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, *_NAMESPACES]
