"""Draft specs from what users have: a NONMEM control stream, a table of parameters."""

from bayesdose.importing.parts import Draft, Note
from bayesdose.importing.sources import import_nonmem
from bayesdose.importing.trying import try_draft

__all__ = ["Draft", "Note", "import_nonmem", "try_draft"]
