"""The main job end to end, on real data: from 56 neonates to the dose of each of three others."""

from bayesdose.demo.neonate import Neonate
from bayesdose.demo.run import HELD_OUT, QUESTION, DemoResult, run_demo
from bayesdose.demo.steps import Steps

__all__ = ["HELD_OUT", "QUESTION", "DemoResult", "Neonate", "Steps", "run_demo"]
