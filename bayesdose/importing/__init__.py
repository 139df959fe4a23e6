"""Draft specs from what users have: a NONMEM control stream, a table of parameters."""

from bayesdose.importing.parts import Draft, Note
from bayesdose.importing.sources import import_nonmem, import_table
from bayesdose.importing.trying import try_draft

__all__ = ["Draft", "Note", "import_nonmem", "import_table", "try_draft"]
