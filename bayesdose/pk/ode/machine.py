"""The functions of a system as machine code, and how the solver, compiled once, calls them by address.

Each is a C function of (t, y, p, x, a, b); see `system.Traced`. The expressions are single assignments
already, so LLVM gets them as they are: 20 to 50 ms a system, where a compilation by numba takes seconds.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from bayesdose.pk.ode.expressions import Expression, ordered
from bayesdose.pk.ode.system import System, Targets

_REAL, _LONG = ir.DoubleType(), ir.IntType(64)
_KIND = ir.FunctionType(_LONG, [_REAL, *(_REAL.as_pointer(),) * 5])

_ARITHMETIC = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}
_COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}
_LOGIC = {"and": "and_", "or": "or_", "not": "not_"}
_INTRINSICS = {
    "exp": "exp", "log": "log", "sqrt": "sqrt", "sin": "sin", "cos": "cos", "pow": "pow", "abs": "fabs",
    "minimum": "minimum", "maximum": "maximum",
}  # fmt: skip
_CONTRACT = ("contract",)  # a product and a sum may be rounded once


class _Writer:
    """Writes expressions into one function."""

    def __init__(self, module: ir.Module, name: str) -> None:
        function = ir.Function(module, _KIND, name)
        self.time, *pointers = function.args
        self.arrays = dict(zip("ypxab", pointers, strict=True))
        self.builder = ir.IRBuilder(function.append_basic_block())
        self.module = module
        self.values: dict[int, Any] = {}

    def place(self, name: str, index: int) -> Any:
        """Return the address of an element of an array."""
        return self.builder.gep(self.arrays[name], [_LONG(index)])

    def real(self, node: Expression) -> Any:
        """Return the value of a node as a number; a condition is 1 or 0."""
        value = self.values[id(node)]
        return self.builder.uitofp(value, _REAL) if value.type == ir.IntType(1) else value

    def truth(self, node: Expression) -> Any:
        """Return the value of a node as a condition; a number is true unless it is 0."""
        value = self.values[id(node)]
        return value if value.type == ir.IntType(1) else self.builder.fcmp_unordered("!=", value, _REAL(0.0))

    def call(self, name: str, *values: Any) -> Any:
        """Call a function of LLVM."""
        kind = ir.FunctionType(_REAL, [_REAL] * len(values))
        return self.builder.call(self.module.declare_intrinsic(f"llvm.{name}", [_REAL], kind), values)

    def write(self, node: Expression) -> Any:
        """Return the value of a node whose arguments have been written."""
        name, builder = node.operation, self.builder
        if node.value is not None:
            return _REAL(node.value)
        if name == "t":
            return self.time
        if name in self.arrays:
            return builder.load(self.place(name, node.index))
        if name in _LOGIC:
            return getattr(builder, _LOGIC[name])(*(self.truth(x) for x in node.arguments))
        if name == "where":
            condition, a, b = node.arguments
            return builder.select(self.truth(condition), self.real(a), self.real(b))
        values = [self.real(x) for x in node.arguments]
        if name in _ARITHMETIC:
            return getattr(builder, _ARITHMETIC[name])(*values, flags=_CONTRACT)
        if name in _COMPARISONS:
            compare = builder.fcmp_unordered if name == "ne" else builder.fcmp_ordered
            return compare(_COMPARISONS[name], *values)
        if name == "neg":
            return builder.fneg(*values)
        return self.call(_INTRINSICS[name], *values) if name in _INTRINSICS else getattr(self, name)(*values)

    def log1p(self, x: Any) -> Any:
        """log(1 + x): with u = 1 + x as rounded, log(u) x / (u - 1) (Kahan; Higham 2002, section 1.14.1)."""
        b = self.builder
        u = b.fadd(_REAL(1.0), x)
        rounded = b.fmul(self.call("log", u), b.fdiv(x, b.fsub(u, _REAL(1.0))))
        return b.select(b.fcmp_ordered("==", u, _REAL(1.0)), x, rounded)

    def expm1(self, x: Any) -> Any:
        """exp(x) - 1: with u = exp(x), (u - 1) x / log(u) (Kahan; Higham 2002, section 1.14.1)."""
        b = self.builder
        u = self.call("exp", x)
        less = b.fsub(u, _REAL(1.0))
        rounded = b.fmul(less, b.fdiv(x, self.call("log", u)))
        rounded = b.select(b.fcmp_ordered(">", self.call("fabs", x), _REAL(1.0)), less, rounded)
        return b.select(b.fcmp_ordered("==", u, _REAL(1.0)), x, rounded)

    def tanh(self, x: Any) -> Any:
        """-expm1(-2 |x|) / (expm1(-2 |x|) + 2), with the sign of x: it cannot overflow."""
        b = self.builder
        less = self.expm1(b.fmul(_REAL(-2.0), self.call("fabs", x)))
        return self.call("copysign", b.fdiv(b.fneg(less), b.fadd(less, _REAL(2.0))), x)


def _function(module: ir.Module, name: str, targets: Targets, accumulate: bool) -> None:
    """Write a function that assigns, or adds, expressions to their targets."""
    writer = _Writer(module, name)
    for node in ordered(targets.values()):
        writer.values[id(node)] = writer.write(node)
    for (array, index), node in targets.items():
        place, value = writer.place(array, index), writer.real(node)
        if accumulate:
            value = writer.builder.fadd(writer.builder.load(place), value)
        writer.builder.store(value, place)
    writer.builder.ret(_LONG(0))


def _module(system: System) -> ir.Module:
    """Return the three functions of a system, as f0, f1, f2."""
    module = ir.Module()
    for i, targets in enumerate(system.traced):
        _function(module, f"f{i}", targets, accumulate=i == 2)
    return module


_ENGINES: dict[str, Any] = {}
"""The compiled functions of all systems so far, by the digest of their text.

They are kept for good, since their addresses are out.
"""


def _compiled(system: System) -> tuple[str, Any]:
    """Compile a system, and make its functions known to code compiled later; return digest and engine."""
    text = str(_module(system))
    digest = sha256(text.encode()).hexdigest()[:32]
    if digest not in _ENGINES:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        machine = llvm.Target.from_default_triple().create_target_machine(
            cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=2
        )
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(text), machine)
        engine.finalize_object()
        for i in range(3):
            llvm.add_symbol(f"bayesdose_ode_{i}_{digest}", engine.get_function_address(f"f{i}"))
        _ENGINES[digest] = engine
    return digest, _ENGINES[digest]


def symbols(system: System) -> tuple[str, ...]:
    """Return the names by which code compiled later finds the functions of a system; compiles them."""
    digest, _ = _compiled(system)
    return tuple(f"bayesdose_ode_{i}_{digest}" for i in range(3))


def addresses(system: System) -> tuple[int, ...]:
    """Return the addresses of the three functions of a system; compiles them."""
    _, engine = _compiled(system)
    return tuple(engine.get_function_address(f"f{i}") for i in range(3))


def _call(typing_context: Any, address: Any, t: Any, y: Any, p: Any, x: Any, a: Any, b: Any) -> Any:
    """Call a C function of a system by its address."""

    def make(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = [
            context.make_array(kind)(context, builder, value=value).data
            for kind, value in zip(signature.args[2:], arguments[2:], strict=True)
        ]
        function = builder.inttoptr(arguments[0], _KIND.as_pointer())
        return builder.call(function, [arguments[1], *data])

    return types.int64(types.int64, types.float64, y, p, x, a, b), make


call: Any = intrinsic(_call)
"""In a kernel: `call(address, t, y, p, x, a, b)`, the last five contiguous arrays of float64."""


def _at(typing_context: Any, array: Any) -> Any:
    """Return the address of the first element of an array."""

    def make(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.make_array(signature.args[0])(context, builder, value=arguments[0]).data

    return types.CPointer(array.dtype)(array), make


at: Any = intrinsic(_at)
"""In a kernel: the address of the first element of an array, for a C function."""


def _count(typing_context: Any, address: Any, place: Any) -> Any:
    """Add 1 to an int64, whatever other threads do."""

    def make(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        first = builder.inttoptr(arguments[0], _LONG.as_pointer())
        builder.atomic_rmw("add", builder.gep(first, [arguments[1]]), _LONG(1), "monotonic")
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), make


count: Any = intrinsic(_count)
"""In a kernel: `count(address, place)` adds 1 to an element of an array of int64."""


def address_of(symbol: str) -> Any:
    """Return what gives, in numba code, the address of a symbol as an int64 (found anew by each process)."""

    def typed(typing_context: Any) -> Any:
        def make(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            found = builder.module.globals.get(symbol)
            if found is None:
                found = ir.GlobalVariable(builder.module, ir.IntType(8), symbol)
                found.linkage = "external"
            return builder.ptrtoint(found, _LONG)

        return types.int64(), make

    return intrinsic(typed)
