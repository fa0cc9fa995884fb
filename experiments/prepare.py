"""Make parts of a corpus, for experiments.

    python -m experiments.prepare first dev.pubtator -o dev20.pubtator --documents 20
    python -m experiments.prepare split all.jsonl --parts train.jsonl dev.jsonl --held-out 100

A split sorts documents by a hash of their ids: neither chance nor their order in the file decides.
"""

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

from biodir.dataset_script.import_command import write_documents
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


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program; on bad input it ends with a line that names it."""
    parser = argparse.ArgumentParser(prog="python -m experiments.prepare", description=__doc__.split("\n", 1)[0])
    parser.add_argument("how", choices=("first", "split"), help="write the first documents, or two parts of all")
    parser.add_argument("source", type=Path, metavar="IN", help="documents of any format that biodir reads")
    parser.add_argument("-o", "--parts", type=Path, nargs="+", required=True, metavar="OUT", help="files to write")
    parser.add_argument("--documents", "--held-out", type=int, required=True, help="how many, in the last part")
    options = parser.parse_args(arguments)
    try:
        documents = list(read_documents(options.source))
        count = options.documents
        parts = [documents[:count]] if options.how == "first" else split_documents(documents, count)
        for part, path in zip(parts, options.parts, strict=True):
            write_documents(part, path)
    except BioDirError as error:
        raise SystemExit(f"prepare: error: {error}") from error


if __name__ == "__main__":
    main()
