"""How the numba kernels of this room are compiled, and how PyTensor's functions reach them.

The walk is one C function, compiled once for all diagrams. PyTensor's own functions call it by symbol, so
that a new model or a new graph compiles a call, not the kernel. It is kept in PyTensor's numba cache; its key
and the symbol contain a digest of all sources behind it, because numba itself looks only at the file of the
function it compiles, not at those that function calls, and would run stale code.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import CFUNCTYPE, c_int64, c_void_p
from hashlib import sha256
from pathlib import Path
from typing import Any

import llvmlite.binding
import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.extending import intrinsic
from pytensor import config
from pytensor.link.numba.cache import CACHED_SRC_FUNCTIONS

Array = npt.NDArray[np.float64]
Int64Array = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]


def digest(*names: str) -> str:
    """Return a digest of the sources of modules of this room."""
    texts = [(Path(__file__).parent / f"{name}.py").read_bytes() for name in names]
    return sha256(b"\0".join(texts)).hexdigest()


SOURCES = digest(
    "diagram",
    "entry",
    "exponential",
    "kernels",
    "modes",
    "records",
    "scatter",
    "schedule",
    "state",
    "unpacked",
    "walk",
)
"""Digest of the sources of the kernels; part of every cache key."""

# No fast-math, whatever PyTensor's setting is (nan and inf must survive), and NumPy's rules for division
# by zero.
_FLAGS: dict[str, Any] = {"fastmath": False, "error_model": "numpy"}

# Parts allocate nothing and only borrow arrays: without reference counts a call costs ten times less.
_PART: dict[str, Any] = {**_FLAGS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True, "_nrt": False}


def part(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function one that kernels call; it may not allocate."""
    made: Callable[..., Any] = numba.njit(function, **_PART)
    return made


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a `part` that is pasted into its caller: no call, and no compilation of its own."""
    made: Callable[..., Any] = numba.njit(function, **_PART, inline="always")
    return made


def contracted(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a `part` that may fuse a product and a sum into one rounding, which changes nothing else."""
    made: Callable[..., Any] = numba.njit(function, **{**_PART, "fastmath": {"contract"}})
    return made


def _as_float(typing_context: Any, bits: Any) -> Any:
    """Read 64 bits as a float64."""

    def make(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.DoubleType())

    return numba.types.float64(numba.types.int64), make


as_float: Any = intrinsic(_as_float)
"""In a kernel, read the 64 bits of an int64 as a float64."""


class Kernel:
    """A C function made from Python source, compiled on first use.

    Parameters
    ----------
    function
        Takes pointers and sizes, returns a status (a C function cannot raise); allocates nothing.
    signature
        Its numba signature.
    """

    def __init__(self, function: Callable[..., Any], signature: Any) -> None:
        self.function = function
        self.signature = signature
        self.symbol = f"bayesdose_{function.__name__}_{SOURCES[:32]}"
        self.external = numba.types.ExternalFunction(self.symbol, signature)
        self._compiled: Any = None

    def __call__(self, *arguments: Any) -> int:
        """Call it from Python: addresses and sizes as integers."""
        kinds = [c_void_p if isinstance(t, numba.types.CPointer) else c_int64 for t in self.signature.args]
        status: int = CFUNCTYPE(c_int64, *kinds)(self.ready().address)(*arguments)
        return status

    def ready(self) -> Any:
        """Compile it, or read it from disk, and make its symbol known to code compiled from here on."""
        if self._compiled is None:
            CACHED_SRC_FUNCTIONS[self.function] = self.symbol
            self._compiled = numba.cfunc(self.signature, cache=bool(config.numba__cache), **_FLAGS)(
                self.function
            )
            llvmlite.binding.add_symbol(self.symbol, self._compiled.address)
        return self._compiled
