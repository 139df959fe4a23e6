"""The command line: thin commands over the library.

Exit codes: 0 fine; 1 the computation refused, or a convergence check failed; 2 bad input; 130 interrupted;
70 a bug of ours. Whatever is heavy is imported inside the commands: ``bayesdose --help`` does not pay for it.
"""

from bayesdose.cli import (  # noqa: F401  (they add their commands)
    audit,
    condition,
    importing,
    library,
    prior_commands,
    validate,
)
from bayesdose.cli.commands import app, main

__all__ = ["app", "main"]
