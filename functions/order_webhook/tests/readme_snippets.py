"""Write the README's code in a language to a file.

readme_snippets README LANGUAGE OUT
"""

from __future__ import annotations

import re
import sys
from pathlib import Path


def snippet(readme: Path, language: str) -> str:
    """Return the first block of code in a language; raise ValueError when there is none."""
    text = readme.read_text(encoding="utf-8")
    found = re.search(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    if not found:
        raise ValueError(f"{readme} has no code in {language}")
    return found[1]


if __name__ == "__main__":
    Path(sys.argv[3]).write_text(snippet(Path(sys.argv[1]), sys.argv[2]), encoding="utf-8")
