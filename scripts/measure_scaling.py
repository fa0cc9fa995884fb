"""Measure what a document costs, step by step, in seconds of processor time.

python scripts/measure_scaling.py bioredirect_test.pubtator [--model MODEL] [--plain] [--backend bf16]

The steps are those of `biodir predict`: read and check the documents; find the entities of plain text (--plain takes
the marks away); relate them; write parts; join these. With --engine ray the first process does only reading, the
sending of documents, which is measured as pickling, and joining.
"""

import argparse
import pickle
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import torch

from biodir.document_biodir import Document
from biodir.formats.reading import read_documents
from biodir.inference.loading import load_pipeline
from biodir.inference.outputs import output_format
from biodir.inference.parts import PartRecord, open_parts
from biodir.pipeline_biodir import BioDirPipeline
from biodir.pipeline_entities_biodir import keep_identifiers

T = TypeVar("T")


def timed(name: str, step: Callable[[], T], seconds: dict[str, float]) -> T:
    """Run a step and note its processor time, of all threads."""
    started_s = time.process_time()
    result = step()
    seconds[name] = time.process_time() - started_s
    return result


def measure(extract: BioDirPipeline, path: Path, is_plain: bool) -> dict[str, float]:
    """Return step -> seconds of processor time for a document, and the bytes of its output."""
    seconds: dict[str, float] = {}
    written = output_format("jsonl")

    def read() -> list[Document]:
        documents = [extract.check_document(document) for document in read_documents(path)]
        for document in documents:
            written.check(document)
        return documents

    documents = timed("read and check", read, seconds)
    if is_plain:
        documents = [Document(document.id, document.text) for document in documents]
    sent = timed("send (pickle)", lambda: pickle.dumps(documents), seconds)
    timed("receive (unpickle)", lambda: pickle.loads(sent), seconds)
    found = timed("find entities", lambda: list(extract.with_entities(documents)), seconds)
    results = timed("relate", lambda: list(extract(iter(found), link=keep_identifiers)), seconds)
    text = "".join(timed("make text", lambda: [*map(written.text_of, found, results)], seconds))
    with TemporaryDirectory() as folder, open_parts(Path(folder, "out"), {}) as parts:
        timed("write part", lambda: parts.add(0, PartRecord(len(found), 0), text), seconds)
        timed("join", lambda: written.join(parts.files(), Path(folder, "out")), seconds)
    return {name: value / len(documents) for name, value in {**seconds, "bytes": len(text)}.items()}


def main(arguments: Iterable[str]) -> None:
    """Print the median of three passes for each step, in milliseconds for a document."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("documents", type=Path)
    parser.add_argument("--model")
    parser.add_argument("--backend", default="torch")
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--passes", type=int, default=3)
    given = parser.parse_args([*arguments])
    extract = load_pipeline(given.model, "cpu", given.backend)
    passes = [measure(extract, given.documents, given.plain) for _ in range(given.passes)]
    print(f"{torch.get_num_threads()} threads, medians of {given.passes} passes")
    for name in passes[0]:
        value = sorted(each[name] for each in passes)[given.passes // 2]
        print(f"{name:20}{value:10.0f} bytes" if name == "bytes" else f"{name:20}{1000 * value:10.3f} ms")


if __name__ == "__main__":
    main(sys.argv[1:])
