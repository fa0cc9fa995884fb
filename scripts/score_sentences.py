"""Score the mentions that a checkpoint finds where it reads each sentence of the documents by itself.

    python scripts/score_sentences.py bioredirect_dev.pubtator --model . --json sentences.json

A mention is right by exact span and type. Documents of one sentence, and mentions across sentences, do not count.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from biodir.document_biodir import Document
from biodir.errors_biodir import BioDirError, SettingError, plural
from biodir.evaluation.plain_text_report import mention_report
from biodir.evaluation.tables import mention_table
from biodir.files import check_paths, write_json
from biodir.formats.reading import read_documents
from biodir.inference.loading import load_pipeline
from biodir.options import quiet_readers
from biodir.training.mentions import sentences_of


def numbered_sentences(documents: Sequence[Document]) -> list[Document]:
    """Return the sentences of all documents, each a document with an id of its own."""
    return [
        replace(each, id=f"{place}-{number}")
        for place, document in enumerate(documents, start=1)
        for number, each in enumerate(sentences_of(document), start=1)
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table; input with an error ends the program with a line that names the reason."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("file", help="documents with their mentions")
    parser.add_argument("--model", default=".", help="checkpoint (default: the one here)")
    parser.add_argument("--json", type=Path, help="the figures, as a file")
    options = parser.parse_args(arguments)
    try:
        check_paths([Path(options.file)], [options.json] if options.json else [])
        quiet_readers()
        extract = load_pipeline(options.model)
        if not extract.model.config.tagger_labels:
            raise SettingError(f"{options.model}: the model has no tagger and finds no mentions; name one that has")
        gold = numbered_sentences([extract.check_document(each) for each in read_documents(options.file)])
        if not any(each.mentions for each in gold):
            raise SettingError(
                f"{options.file}: no document of several sentences has a mention; give abstracts with their mentions"
            )
        found = extract.find_entities([replace(each, mentions=()) for each in gold])
        figures = mention_report(gold, list(found))
        if options.json:
            write_json(options.json, figures)
    except (BioDirError, OSError) as error:
        sys.exit(f"score_sentences.py: error: {error}")
    print(plural(len(gold), "sentence"))
    print(mention_table(figures))


if __name__ == "__main__":
    main()
