"""Predict, convert, draw and score in an environment without torch, and compare the relations with those of torch.

    python scripts/check_runtime.py FOLDER

FOLDER has the graphs of the checkpoint in `graphs` and the relations of the samples by torch in `torch.jsonl`. The
command is that of the environment, not of the checkout: `make test-runtime`.
"""

import json
import math
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
# Largest difference of scores in 0..1 between the graphs in float32 and torch.
TOLERANCE = 1e-4


def run(*arguments: str | Path) -> None:
    """Run the command `biodir` of this environment."""
    command = [Path(sys.executable).with_name("biodir"), *arguments]
    print("biodir", *arguments, flush=True)
    subprocess.run(command, cwd=SAMPLES, check=True)


def read(path: Path) -> list[dict]:
    """Return the lines of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def same(found: object, expected: object) -> bool:
    """Return whether two JSON values are equal but for small differences of numbers."""
    if isinstance(found, float) and isinstance(expected, float):
        return math.isclose(found, expected, abs_tol=TOLERANCE)
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() == expected.keys() and all(same(found[key], expected[key]) for key in found)
    return found == expected


def main(folder: Path) -> None:
    """Run the commands on the samples; exit with an error where something differs."""
    for library in ("torch", "transformers"):
        if find_spec(library):
            sys.exit(f"{library} is in this environment, which should be without it")
    graphs, marked = folder / "graphs", sorted(SAMPLES.glob("*.pubtator"))
    run("predict", *marked, SAMPLES / "plain.txt", "--model", graphs, "-o", folder / "graphs.jsonl")
    run("predict", *marked, "--model", graphs, "-o", folder / "graphs.pubtator")
    run("predict", *marked, "--model", graphs, "--backend", "onnx-int8", "-o", folder / "int8.pubtator")
    run("evaluate", folder / "graphs.pubtator", folder / "int8.pubtator")
    run("convert", *marked, folder / "samples.json")
    run("info", graphs)
    run("network", folder / "graphs.jsonl", "-o", folder / "network.html")
    found, expected = read(folder / "graphs.jsonl"), read(folder / "torch.jsonl")
    if not same(found, expected):
        sys.exit(f"{folder / 'graphs.jsonl'} and torch.jsonl differ by more than {TOLERANCE:g}")
    relations = sum(len(document["relations"]) for document in found)
    print(f"{len(found)} documents, {relations} relations: those of torch within {TOLERANCE:g}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
