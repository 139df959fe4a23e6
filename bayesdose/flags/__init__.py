"""Red flags in one patient's table: what cannot be, what is improbable, which slip would explain it."""

from bayesdose.flags.looking import red_flags
from bayesdose.flags.results import Flag, Flags, Suspect

__all__ = ["Flag", "Flags", "Suspect", "red_flags"]
