"""Make parts of a corpus, for experiments.

    python -m experiments.prepare first dev.pubtator -o dev20.pubtator --documents 20
    python -m experiments.prepare split all.jsonl --parts train.jsonl dev.jsonl --held-out 100

A split sorts documents by a hash of their ids: neither chance nor their order in the file decides.
"""

import argparse
import hashlib
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from biodir.dataset_script.import_command import OUTPUT_SUFFIXES, write_documents
from biodir.document_biodir import Document
from biodir.errors_biodir import BioDirError, SettingError
from biodir.formats.reading import read_documents


def split_documents(documents: Sequence[Document], held_out: int) -> tuple[list[Document], list[Document]]:
    """Return the documents in two parts, `held_out` of them in the second, each in the order of the source."""
    if not 0 < held_out < len(documents):
        raise SettingError(f"{held_out} of {len(documents)} documents held out; leave some on both sides")
    ranked = sorted(documents, key=lambda document: hashlib.sha256(document.id.encode()).hexdigest())
    chosen = {document.id for document in ranked[:held_out]}
    return [each for each in documents if each.id not in chosen], [each for each in documents if each.id in chosen]


def output_path(text: str) -> Path:
    """Return the path of a file to write; argparse shows the error."""
    path = Path(text)
    if path.suffix.lower() not in OUTPUT_SUFFIXES:
        raise argparse.ArgumentTypeError(f"{path}: unknown suffix; use one of {', '.join(OUTPUT_SUFFIXES)}")
    return path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m experiments.prepare", description=__doc__.split("\n", 1)[0])
    commands = parser.add_subparsers(dest="command", required=True)
    first = commands.add_parser("first", help="the first documents of a file")
    first.add_argument("-o", "--output", type=output_path, required=True)
    first.add_argument("--documents", type=int, required=True, help="how many")
    split = commands.add_parser("split", help="a file in two parts")
    split.add_argument(
        "--parts", type=output_path, nargs=2, required=True, metavar=("TRAIN", "DEV"), help="files to write"
    )
    split.add_argument("--held-out", type=int, required=True, help="documents of the second part")
    for command in (first, split):
        command.add_argument("source", type=Path, metavar="IN", help="documents of any format that biodir reads")
    options = parser.parse_args(arguments)
    try:
        if options.command == "first":
            write_documents(list(islice(read_documents(options.source), options.documents)), options.output)
        else:
            parts = split_documents(list(read_documents(options.source)), options.held_out)
            for documents, path in zip(parts, options.parts, strict=True):
                write_documents(documents, path)
    except BioDirError as error:
        print(f"prepare: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
