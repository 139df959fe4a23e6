"""What the levels taught about one patient, as data: courses, parameters, exposure, weights, each level."""

from bayesdose.learning.assumptions import assumptions
from bayesdose.learning.course import Course, course
from bayesdose.learning.learned import Learned, learned
from bayesdose.learning.next_levels import next_levels
from bayesdose.learning.quantities import current_regimen
from bayesdose.learning.taught import Taught, taught
from bayesdose.learning.weights import Weights, weights

__all__ = [
    "Course",
    "Learned",
    "Taught",
    "Weights",
    "assumptions",
    "course",
    "current_regimen",
    "learned",
    "next_levels",
    "taught",
    "weights",
]
