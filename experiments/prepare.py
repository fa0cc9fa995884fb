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
from biodir.errors_biodir import BioDirError
from biodir.formats.reading import read_documents


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program; on bad input it ends with a line that names it."""
    parser = argparse.ArgumentParser(prog="python -m experiments.prepare", description=__doc__.split("\n", 1)[0])
    parser.add_argument("how", choices=("first", "split"), help="the first documents, or two parts of all")
    parser.add_argument("source", type=Path, metavar="IN", help="documents of any format that biodir reads")
    parser.add_argument("-o", "--parts", type=Path, nargs="+", required=True, metavar="OUT", help="files to write")
    parser.add_argument("--documents", "--held-out", type=int, required=True, help="how many, in the last part")
    options = parser.parse_args(arguments)
    try:
        documents = list(read_documents(options.source))
        if options.how == "first":
            write_documents(documents[: options.documents], options.parts[0])
            return
        ranked = sorted(documents, key=lambda document: hashlib.sha256(document.id.encode()).hexdigest())
        held_out = {document.id for document in ranked[: options.documents]}
        for is_held_out, path in zip((False, True), options.parts, strict=True):
            write_documents([each for each in documents if (each.id in held_out) == is_held_out], path)
    except BioDirError as error:
        raise SystemExit(f"prepare: error: {error}") from error


if __name__ == "__main__":
    main()
