"""Structure: linear diagrams, the walk that turns doses into amounts, and exposure metrics."""

from bayesdose.pk.diagram import BOLUS_1, ORAL_1, OUT, Diagram

__all__ = ["BOLUS_1", "ORAL_1", "OUT", "Diagram"]
