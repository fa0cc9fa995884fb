"""The files and documents that a run leaves out: each a line in OUT.rejected.jsonl."""

import json
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from biodir.errors_biodir import BioDirError
from biodir.files import input_name

SUFFIX = ".rejected.jsonl"
_LINE = re.compile(r"(\d+)(?:, |: |$)")


def rejected_file(output: Path) -> Path:
    """Return the file with what is left out of an output.

    >>> rejected_file(Path("out.jsonl")).name
    'out.jsonl.rejected.jsonl'
    """
    return output.with_name(output.name + SUFFIX)


@contextmanager
def rejections(folder: Path, output: Path, inputs: Sequence[Path]) -> Iterator[Callable[[str, BioDirError], None]]:
    """Open the list of what is left out; it appears beside the output at the end, if there is anything in it.

    Args:
        folder: where it is until then.
        output: of the run.
        inputs: whose names messages begin with.

    Yields:
        An `on_skip` of a policy.
    """
    names = {input_name(path) for path in inputs}
    path = folder / SUFFIX.strip(".")
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:

        def on_skip(what: str, error: BioDirError) -> None:
            nonlocal count
            if what in ("file", "document"):
                place = _place(str(error), names)
                record = {"what": what, **place, "reason": error.reason, "message": str(error)}
                file.write(json.dumps(record, ensure_ascii=True) + "\n")
                file.flush()
                count += 1

        yield on_skip
    if count:
        os.replace(path, rejected_file(output))
    else:
        rejected_file(output).unlink(missing_ok=True)  # of an earlier run


def _place(message: str, names: set[str]) -> dict[str, str | int | None]:
    """Return the file and the line that a message begins with."""
    for end in (match.start() for match in re.finditer(":", message)):
        if message[:end] in names:
            line = _LINE.match(message, end + 1)
            return {"file": message[:end], "line": int(line[1]) if line else None}
    return {"file": None, "line": None}
