"""The ONNX graphs of a Hub repository: which files it has, and that they find what torch finds."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from biodir.errors_biodir import BioDirError
from biodir.files import file_sha256
from biodir.formats.reading import read_documents
from biodir.publishing.errors import PublishError
from biodir.runtime.loading import has_graphs, load
from biodir.runtime.manifest import ENCODER, ENDINGS, FOLDER, MANIFEST, TAGGER, Manifest, check_sources

# The back ends of a repository; its weights serve for float32, and graphs of float32 would be as large again.
PUBLISHED = ("onnx-int8",)
# The most that graphs may differ from torch on the sample: scores in 0..1, and the share of candidate pairs that get
# another relation. Products of float32 differ in their last digits; those of int8 in the third.
TOLERANCES = {"onnx": (1e-4, 0.0), "onnx-int8": (0.25, 0.05)}


def graph_files(model: Path) -> dict[str, Path | str]:
    """Return the files of the graphs of a checkpoint as its repository has them; none without graphs.

    Raises:
        PublishError: they are of other weights, damaged, or not those of `PUBLISHED`.
    """
    if not has_graphs(model):
        return {}
    folder = model / FOLDER
    try:
        manifest = Manifest.read(folder)
        check_sources(model, manifest)
    except BioDirError as error:
        raise PublishError(f"{error}, or remove the folder") from error
    missing = [backend for backend in PUBLISHED if backend not in manifest.backends]
    if missing:
        raise PublishError(f"{folder}: has no graphs for {', '.join(missing)}; write them with biodir export-onnx")
    others = {
        f"{part}{ending}"
        for part in (ENCODER, TAGGER)
        for backend, ending in ENDINGS.items()
        if backend not in PUBLISHED
    }
    kept = {name: entry for name, entry in manifest.files.items() if name not in others}
    for name, entry in kept.items():
        if not (folder / name).is_file() or file_sha256(folder / name) != entry["sha256"]:
            raise PublishError(f"{folder / name} is not the file that {MANIFEST} describes; run biodir export-onnx")
    text = json.dumps(asdict(replace(manifest, files=kept)), indent=2, ensure_ascii=False) + "\n"
    return {**{f"{FOLDER}/{name}": folder / name for name in kept}, f"{FOLDER}/{MANIFEST}": text}


def check_graphs(folder: Path) -> Iterator[str]:
    """Yield a line for each back end whose graphs a repository has: how near its results are to those of torch.

    Raises:
        PublishError: they are not within `TOLERANCES`.
    """
    if not has_graphs(folder):
        return
    from biodir.inference.loading import load_pipeline

    samples = [
        document for path in sorted((folder / "samples").glob("*.pubtator")) for document in read_documents(path)
    ]
    expected = _scored(load_pipeline(str(folder), "cpu")(samples, return_all_scores=True))
    for backend in Manifest.read(folder / FOLDER).backends:
        found = _scored(load(folder, backend)(samples, return_all_scores=True))
        largest, other = _difference(found, expected)
        allowed, allowed_share = TOLERANCES[backend]
        seen = f"scores of {len(expected)} pairs differ by at most {largest:.2g}, {other} have another relation"
        if largest > allowed or other > allowed_share * len(expected):
            raise PublishError(
                f"{folder / FOLDER}: {backend} is too far from torch on the sample: {seen}; allowed are {allowed:g} "
                f"and {allowed_share:.0%} of the pairs; write the graphs again with biodir export-onnx"
            )
        yield f"{backend} against torch: {seen}"


Pair = tuple[int, frozenset[tuple[str, str]]]


def _scored(results: Any) -> dict[Pair, Mapping[str, Any]]:
    """Return pair -> its result: number of the document, identifiers and types of both entities."""
    return {
        (number, frozenset((each[end]["id"], each[end]["type"]) for end in ("subject", "object"))): each
        for number, result in enumerate(results)
        for each in result
    }


def _difference(found: Mapping[Pair, Any], expected: Mapping[Pair, Any]) -> tuple[float, int]:
    """Return the largest difference of a score, and how many pairs have another relation type, or one at all."""
    largest = 0.0
    for pair, wanted in expected.items():
        for task, scores in wanted["scores"].items():
            largest = max([largest, *(abs(found[pair]["scores"][task][label] - scores[label]) for label in scores)])
    return largest, sum(found[pair]["relation"] != wanted["relation"] for pair, wanted in expected.items())
