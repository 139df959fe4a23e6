"""A figure as an image that sits inside an HTML file."""

from __future__ import annotations

import base64
import io
import re
import warnings
from typing import Any

import matplotlib
from matplotlib.figure import Figure

LARGEST_SVG = 120_000
"""Bytes; a drawing that is larger than this is embedded as a picture."""

_DPI = 160
_PATH = re.compile(rb' d="[^"]*"')
_TAIL = re.compile(rb"(\.\d\d)\d+")


def to_svg_or_png(figure: Figure, *, largest_svg: int = LARGEST_SVG) -> str:
    """Return a figure as a ``data:`` URI for the src of an img: SVG when small, otherwise PNG.

    Parameters
    ----------
    figure
        Any matplotlib figure.
    largest_svg
        Bytes up to which the SVG is taken. Letters are drawn as shapes, so that it looks the same
        everywhere; as an image of its own its ids cannot meet those of another.
    """
    svg = _shortened(_saved(figure, "svg"))
    if len(svg) <= largest_svg:
        return _uri("svg+xml", svg)
    return _uri("png", _saved(figure, "png"))


def to_png(figure: Figure, dpi: int = _DPI) -> bytes:
    """Return a figure as the bytes of a PNG file."""
    return _saved(figure, "png", dpi)


def _saved(figure: Figure, kind: str, dpi: int = _DPI) -> bytes:
    buffer = io.BytesIO()
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    look: Any = {"svg.fonttype": "path", "svg.hashsalt": "bayesdose"}
    with matplotlib.rc_context(look), warnings.catch_warnings():
        # A label from a table may have letters that the font lacks; they show as boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(buffer, format=kind, dpi=dpi, metadata=metadata)
    return buffer.getvalue()


def _shortened(svg: bytes) -> bytes:
    """Return an SVG whose paths have two decimals (hundredths of a point) instead of six."""
    return _PATH.sub(lambda path: _TAIL.sub(rb"\1", path[0]), svg)


def _uri(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
