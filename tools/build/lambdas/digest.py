"""Write the base64 of a file's SHA-256, which Lambda calls CodeSha256.

Usage: digest.py FILE OUTPUT
"""

import base64
import hashlib
import sys
from pathlib import Path


def code_sha256(file: Path) -> str:
    """Return what Lambda's GetFunctionConfiguration says of a function made of this zip."""
    with file.open("rb") as content:
        return base64.b64encode(hashlib.file_digest(content, "sha256").digest()).decode()


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(code_sha256(Path(sys.argv[1])) + "\n", encoding="ascii")
