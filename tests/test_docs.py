"""Pages whose examples say what they print: each is run from top to bottom and must print that."""

import contextlib
import io
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [
    "reference/structures.md",
    "reference/outcomes.md",
    "reference/variability.md",
    "reference/limits.md",
    "reference/utilities.md",
    *sorted(f"how-to/{page.name}" for page in (DOCS / "how-to").glob("*.md")),
]
EXAMPLE = re.compile(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", flags=re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_examples_print_what_the_page_says(page):
    text, names = (DOCS / page).read_text(encoding="utf-8"), {}
    for example in EXAMPLE.finditer(text):
        code, expected = example.groups()
        line = text[: example.start()].count("\n") + 2
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile("\n" * (line - 1) + code, page, "exec"), names)
        assert printed.getvalue() == (expected or ""), f"{page}, line {line}"
