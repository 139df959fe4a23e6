"""What the levels taught about one patient, as data: courses, parameters, exposure, weights, each level."""

from bayesdose.learning.course import Course, course
from bayesdose.learning.learned import Learned, learned
from bayesdose.learning.quantities import current_regimen
from bayesdose.learning.taught import Taught, taught
from bayesdose.learning.weights import Weights, weights

__all__ = [
    "Course",
    "Learned",
    "Taught",
    "Weights",
    "course",
    "current_regimen",
    "learned",
    "taught",
    "weights",
]
