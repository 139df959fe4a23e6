"""What a page is made of: tables and pictures, as plain texts that the template escapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from matplotlib.figure import Figure


@dataclass(frozen=True)
class Table:
    """A table to be printed.

    Parameters
    ----------
    caption
        What it is.
    head
        Headings, one per column; empty for a table of names and values.
    rows
        Cells, as many per row as there are headings.
    columns
        A letter per column: "w" for words, "n" for numbers, set to the right; the last letter goes on.
    marks
        Per row "", "best", "near", "blocked" or "failed"; empty: none.
    foot
        What a reader must know about it.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    columns: str = "wn"
    marks: tuple[str, ...] = ()
    foot: str = ""

    def number(self, column: int) -> bool:
        """Return whether a column holds numbers."""
        return self.columns[min(column, len(self.columns) - 1)] == "n"

    def mark(self, row: int) -> str:
        """Return the mark of a row."""
        return self.marks[row] if self.marks else ""


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure with its words.

    Parameters
    ----------
    title
        Its heading.
    figure
        What is drawn.
    caption
        What it shows and how to read it.
    alt
        What it shows, for those who cannot see it.
    """

    title: str
    figure: Figure
    caption: str
    alt: str


@dataclass(frozen=True)
class Block:
    """A heading with what stands under it: sentences, lists of term and text, tables, pictures.

    Parameters
    ----------
    title
        The heading.
    texts
        Paragraphs.
    terms
        Pairs of a term and what is said about it.
    items
        A list of sentences.
    tables, pictures
        What follows them.
    """

    title: str
    texts: Sequence[str] = ()
    terms: Sequence[tuple[str, str]] = ()
    items: Sequence[str] = ()
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing under the heading."""
        return not any((self.texts, self.terms, self.items, self.tables, self.pictures))


@dataclass(frozen=True)
class Verdict:
    """The recommendation: one sentence, whether it stands, and what a reader must know first.

    Parameters
    ----------
    best
        The option.
    sentence
        What is said about it.
    status
        The choice's status.
    cautions
        What stands in the way of taking it as it is.
    """

    best: str
    sentence: str
    status: str
    cautions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    """One patient, or the population.

    Parameters
    ----------
    title
        Its heading.
    alarms
        Warnings that are shown loudly.
    asked
        The question, where there is one.
    verdict
        The recommendation, where there is one.
    blocks
        What follows, in order.
    """

    title: str
    alarms: tuple[str, ...] = ()
    asked: Block | None = None
    verdict: Verdict | None = None
    blocks: tuple[Block, ...] = field(default=())
