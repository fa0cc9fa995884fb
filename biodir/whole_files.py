"""Files that appear whole or not at all, so that a file that is there is one that can be read."""

import json
import os
from pathlib import Path
from typing import Any


def write_whole(path: Path, text: str) -> None:
    """Writes the text in UTF-8; whoever reads meanwhile finds the old file, or none."""
    half_written = path.with_name(f"{path.name}.{os.getpid()}.part")  # of its own, should two programs write
    half_written.write_text(text, encoding="utf-8")
    os.replace(half_written, path)


def write_json(path: Path, value: Any) -> None:
    """Writes the value as people read it.

    Raises:
        TypeError: something in it is no JSON value.
        ValueError: a number is infinite or none, which JSON does not know.
    """
    write_whole(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
