"""The command `biodir dataset import`."""

import json
import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from typer import Argument, Option

from biodir.dataset_script.files import found_files
from biodir.dataset_script.sources import BIORED_DIRECTION
from biodir.document_biodir import Document
from biodir.errors_biodir import AnnotationError, SettingError
from biodir.files import check_paths, write_atomic
from biodir.formats.pubtator_writer import format_pubtator
from biodir.formats.reading import JSON_LINES_SUFFIXES, PUBTATOR_SUFFIXES, read_documents
from biodir.options import ErrorsOption, SplitOption, check_exclusive, end_of, reading_policy

if TYPE_CHECKING:
    from .corpora import ImportCounts
    from .corpus import Corpus

# The corpora are imported where they are used, so that `biodir --help` does not wait for them.

CorpusName = Literal["bc5cdr", "drugprot", "euadr", "redocred"]
CORPUS_NAMES: tuple[CorpusName, ...] = get_args(CorpusName)
OUTPUT_SUFFIXES = (*PUBTATOR_SUFFIXES, *JSON_LINES_SUFFIXES)
# Corpora of PubMed abstracts share documents with BioRED. Those of its test splits would make a score worthless. Those
# of its validation split would choose thresholds and checkpoints on documents that the model has seen.
SCORED_SPLITS = ("validation", "test", "bc8_test")
DATA_HELP = "folder with bioredirect/ or datasets.zip, whose scored splits are left out; default $BIODIR_DATA"
EXCLUDE_HELP = "files of documents to leave out by their ids, in place of these splits"
KEEP_HELP = "leave no document out: for models that BioRED does not score"
OUTPUT_HELP = f"file to write: {', '.join(OUTPUT_SUFFIXES)}"
Exclusions = Mapping[str, frozenset[str]]  # name of a file -> the ids of its documents

logger = logging.getLogger(__name__)


def import_corpora(
    name: Annotated[CorpusName, Argument(metavar="NAME", help=f"one of {', '.join(CORPUS_NAMES)}")],
    files: Annotated[list[Path], Argument(metavar="FILE", help="files of the corpus; drugprot and euadr as BioC XML")],
    output: Annotated[Path, Option("-o", "--output", metavar="OUT", help=OUTPUT_HELP)],
    data_dir: Annotated[Path | None, Option(metavar="DIR", help=DATA_HELP)] = None,
    exclude: Annotated[list[Path] | None, Option(metavar="FILE ...", help=EXCLUDE_HELP)] = None,
    keep_overlaps: Annotated[bool, Option("--keep-overlaps", help=KEEP_HELP)] = False,
    errors: ErrorsOption = "raise",
    split_relations: SplitOption = False,
) -> None:
    """Read another corpus with biodir's types.

    Read files of another corpus, give entities and relations the types of biodir, and print the counts of what was
    changed. Documents of BioRED's validation and test splits are left out by their PMIDs.

        biodir dataset import drugprot drugprot.bioc.xml -o drugprot.pubtator
        biodir dataset import bc5cdr CDR.txt -o cdr.pubtator --exclude test.pubtator
        biodir dataset import bc5cdr CDR.BioC.xml -o cdr.pubtator --data-dir DATA
    """
    from .corpora import CORPORA, import_corpus

    check_exclusive(data_dir=data_dir, exclude=exclude, keep_overlaps=keep_overlaps)
    corpus = CORPORA[name]
    if output.suffix.lower() not in OUTPUT_SUFFIXES:
        raise SettingError(f"{output}: unknown suffix {output.suffix!r}; use one of {', '.join(OUTPUT_SUFFIXES)}")
    check_paths([*files, *(exclude or ())], [output])
    exclusions: Exclusions = {}
    if exclude:
        exclusions = excluded_by_files(exclude)
    elif data_dir or (corpus.ids_are_pmids and not keep_overlaps):
        exclusions = excluded_by_scored_splits(data_dir or os.environ.get("BIODIR_DATA"))
    policy = reading_policy(errors, "characters", split_relations)
    documents, counts = import_corpus(corpus, files, frozenset().union(*exclusions.values()), policy)
    if not documents and not counts.excluded:
        names = ", ".join(map(str, files))
        raise AnnotationError(f"{names}: no documents of {corpus.name}; are these the files as they are published?")
    write_documents(documents, output)
    print("\n".join(import_table(corpus, counts, exclusions)))
    end_of(policy)


def excluded_by_files(paths: Iterable[Path]) -> Exclusions:
    """Return the ids of the documents of each file, which may have any format."""
    exclusions = {str(path): frozenset(document.id for document in read_documents(path)) for path in paths}
    for path, ids in exclusions.items():
        if not ids:
            raise SettingError(f"{path}: holds no documents to exclude; name the file of the split")
    return exclusions


def excluded_by_scored_splits(location: str | os.PathLike[str] | None) -> Exclusions:
    """Return the ids of the documents of BioRED's validation and test splits; missing ones are logged.

    Raises:
        SettingError: none of these splits is there, or no location is given.
        SourceError: there is nothing at the location, or a file cannot be read.
    """
    wanted = [BIORED_DIRECTION.splits[split] for split in SCORED_SPLITS]
    files = found_files(BIORED_DIRECTION, location).files if location else ()
    scored = {BIORED_DIRECTION.splits[file.split]: file for file in files if file.split in SCORED_SPLITS}
    if not scored:
        problem = f"{location}: holds none of" if location else "no folder with"
        raise SettingError(
            f"{problem} {', '.join(wanted)}, whose documents an import leaves out; name it with --data-dir or "
            "BIODIR_DATA, or other files with --exclude, or give --keep-overlaps for a model not scored on BioRED"
        )
    missing = [name for name in wanted if name not in scored]
    if missing:
        logger.warning("%s: lacks %s, whose documents are not excluded", location, ", ".join(missing))
    return {name: frozenset(document.id for document in file.documents()) for name, file in scored.items()}


def import_table(corpus: "Corpus", counts: "ImportCounts", exclusions: Exclusions) -> Iterator[str]:
    """Yield the lines of the report; a document that several exclusions hold counts in each."""
    from .check import aligned

    rows: list[tuple[str, int]] = [
        ("documents read", counts.documents_read),
        ("  could not be read", counts.unread),
        ("  excluded", len(counts.excluded)),
        *((f"    {name}", sum(each in ids for each in counts.excluded)) for name, ids in exclusions.items()),
        ("  repeated", len(counts.repeated)),
        ("documents", counts.documents),
        ("relations in them", counts.relation_types.total() + counts.dropped.total()),
        ("  dropped", counts.dropped.total()),
        ("  merged into another of the pair", counts.merged),
        ("relations", counts.relations),
        ("  pairs with opposite types", len(counts.contradictions)),
    ]
    dropped = {(name, "both arguments are one entity"): count for name, count in counts.dropped.most_common()}
    yield from (f"{corpus.title}  licence: {corpus.licence}  {corpus.address}", corpus.note, "")
    yield from aligned([(name, str(count)) for name, count in rows], right={1})
    for header, changes in (
        (("entity type", "becomes", "count"), dict(counts.mention_types.most_common())),
        (("relation type", "becomes", "count"), dict(counts.relation_types.most_common())),
        (("dropped relation type", "because", "count"), dropped),
    ):
        if changes:
            yield ""
            yield from aligned([header, *((*change, str(count)) for change, count in changes.items())], right={2})
    for name, ids in (("excluded", counts.excluded), ("repeated", counts.repeated)):
        if ids:
            yield from ("", f"{name}: {' '.join(ids)}")
    if counts.contradictions:
        yield from ("", "pairs with opposite types, now Association:", *counts.contradictions)


def write_documents(documents: Sequence[Document], output: Path) -> None:
    """Write the documents as PubTator or JSON Lines, by the suffix, atomically."""
    try:
        if output.suffix.lower() in PUBTATOR_SUFFIXES:
            text = "".join(map(format_pubtator, documents))
        else:
            text = "".join(json.dumps(document.to_dict(), ensure_ascii=False) + "\n" for document in documents)
        write_atomic(output.resolve(), text)
    except UnicodeEncodeError as error:
        raise AnnotationError(
            f"{output}: a text holds {error.object[error.start]!r}, which UTF-8 cannot write; decode it rightly"
        ) from error
    except AnnotationError as error:
        raise AnnotationError(
            f"{output}: {error}; or write {JSON_LINES_SUFFIXES[0]}, which holds everything"
        ) from error
