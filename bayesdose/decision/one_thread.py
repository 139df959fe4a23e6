"""Linear algebra on one thread: in the short products of a decision several wait for each other."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps

from threadpoolctl import ThreadpoolController


@cache
def _libraries() -> ThreadpoolController:
    """Return the linear algebra that is loaded; found once, when the first decision is made."""
    return ThreadpoolController()


def one_thread[**P, R](verb: Callable[P, R]) -> Callable[P, R]:
    """Return a verb whose products run on one thread; the setting before it comes back after it."""

    @wraps(verb)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        with _libraries().limit(limits=1, user_api="blas"):
            return verb(*args, **kwargs)

    return inside
