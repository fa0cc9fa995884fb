"""Files of documents in, files of relations out: what `biodir predict` does."""

import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from biodir import __version__
from biodir.allocator import release_freed_memory
from biodir.document_biodir import Document
from biodir.document_sections_biodir import SectionFilter
from biodir.errors_biodir import STRICT, BioDirError, ErrorPolicy, SettingError
from biodir.files import check_paths
from biodir.formats.pubtator_names import Vocabulary, results_with_vocabulary
from biodir.formats.pubtator_writer import BIOREDIRECT
from biodir.formats.reading import document_count, read_documents
from biodir.inference.cost import LongDocuments
from biodir.inference.outputs import OutputFormat, Results, format_of, output_format
from biodir.inference.parts import (
    PART_SIZE,
    PartRecord,
    Parts,
    input_fingerprints,
    kept_parameters,
    open_parts,
    pipeline_fingerprint,
)
from biodir.inference.progress import Progress
from biodir.inference.rejected import rejections
from biodir.lexicon.lexicon import lexicon_of
from biodir.pipeline_entities_biodir import keep_identifiers

if TYPE_CHECKING:
    from biodir.inference.ray_engine import RayEngine
    from biodir.pipeline_extraction_biodir import RelationExtraction

# Parameters of the pipeline that concern how entities are found and named.
FINDING = ("ner", "link", "type_map")
# Those that concern which pairs are scored.
PAIR_FILTERS = ("pair_types", "entity_ids", "sections", "skip_sections", "type_map")
# The note on what strict PubTator has no place for.
LEFT_TO_BIOREDIRECT = (
    "relations written without direction, novelty and scores, which --dialect bioredirect and JSON Lines keep"
)
# The note on relations of a concept with two entity types.
REPEATED = "relations left out, since two identifiers have one relation in this format; JSON Lines and CSV keep all"
# A part ends at so many documents, which fill a batch of the model, or at so many characters, such as of full texts.
PART_DOCUMENTS, PART_CHARACTERS = 128, 400_000
PIPELINE_LOGGER = logging.getLogger("biodir.pipeline_extraction_biodir")
# What begins the lines of the pipeline on filters; its other lines end in counts.
FILTERS = ("entity_ids", "pair_types", "relation_types", "sections")


@dataclass(frozen=True)
class Report:
    """The documents and relations that an output has; the policy of the run counts what was left out.

    `counts` has what the pipeline counts of its own, such as requests to a server, also of a run that was resumed.

    With a `model` and its `tokenizer`:

    >>> from io import StringIO
    >>> from biodir.pipeline_biodir import BioDirPipeline
    >>> predict_files(BioDirPipeline(model=model, tokenizer=tokenizer), inputs=[], output=StringIO())
    Report(documents=0, relations=0)
    """

    documents: int
    relations: int
    counts: Mapping[str, int] = field(default_factory=dict, repr=False)


def predict_files(
    extract: "RelationExtraction",
    inputs: Sequence[Path],
    output: Path | TextIO,
    format_name: str | None = None,
    dialect: str = BIOREDIRECT,
    policy: ErrorPolicy = STRICT,
    progress: Progress | None = None,
    one_per_line: bool = False,
    return_entities: bool = False,
    vocabulary: Vocabulary | None = None,
    run_settings: Mapping[str, Any] | None = None,
    engine: "RayEngine | None" = None,
    part_documents: int | None = None,
    states_costs: bool = True,
    missing: Sequence[BioDirError] = (),
    **parameters: Any,
) -> Report:
    """Write the relations of all documents in input order.

    A file appears when it is complete. Until then finished parts are in a folder ``OUT.parts``, and a call with equal
    arguments resumes from these: the file is the same as without a stop. Files and documents that the policy leaves out
    are listed in ``OUT.rejected.jsonl``. On a stream each document is written as soon as its relations are predicted.

    Documents without marks get the entities that the pipeline finds; PubTator output has their mentions.

    Args:
        extract: the pipeline of a checkpoint.
        inputs: files that `read_documents` reads.
        output: a file, or an open text stream.
        format_name: one of `biodir.inference.outputs.FORMATS`; by default that of the suffix, for a stream the listing.
        dialect: that of PubTator output, see `format_pubtator`; relations of which it drops a part are counted in the
            notes of the policy.
        policy: what becomes of files, documents and mentions with an error; a document that the model or the output
            format cannot take has one, too.
        progress: what is told of finished documents.
        one_per_line: whether each line of plain text is a document.
        return_entities: whether a line of JSON Lines also has ``text`` and ``entities``, whose offsets count what
            those of the policy do, and a listing the entities of every document; else of those that it found.
        vocabulary: "pubtator3" for the names that PubTator 3 gives relation types, see `pubtator3_relation`; by default
            those of the model.
        run_settings: what else must be equal in a call that resumes, as JSON, such as the file that `link` reads.
        engine: computes the parts of a file in other processes, also on other machines; by default this process does.
        part_documents: after which at most a part is finished; by default `PART_DOCUMENTS`. A call that resumes what
            an engine has left gives the same.
        states_costs: whether the cost of long documents is stated, which computes a part of one.
        missing: errors of documents that are in no file, such as articles that could not be fetched.
        parameters: those of a call of the pipeline.

    Raises:
        BioDirError: a bad document (finished parts are kept), settings that do not fit, or parts of another run.
    """
    parameters = kept_parameters(parameters)
    name = format_name or format_of(output)
    written = output_format(name, dialect, policy.offsets if return_entities else None, vocabulary)
    progress = progress or Progress()
    filters = {name: value for name, value in parameters.items() if name in PAIR_FILTERS}
    costs = LongDocuments(extract, filters, progress.noted) if states_costs else None
    # A network renames relation types when it is complete, and its offsets are those of characters.
    offsets, names = ("characters", None) if written.network else (policy.offsets, vocabulary)
    run = _Run(extract, written, offsets, names, parameters, costs, part_documents or PART_DOCUMENTS)
    if not isinstance(output, Path):
        if written.is_joined:
            raise SettingError(f"format {name!r} is written to files; name one with -o")
        if engine is not None:
            raise SettingError("the engine ray writes to files; name one with -o")
        return _to_stream(run, run.documents(inputs, policy, one_per_line, missing), output, policy, progress)
    check_paths(inputs, written.paths(output))
    settings = {"format": name, "dialect": dialect, "offsets": policy.offsets, "one_per_line": one_per_line}
    settings |= {"skip_mentions": policy.errors == "skip-mention", "return_entities": return_entities}
    settings |= {key: value for key, value in parameters.items() if not callable(value)}
    settings |= {"vocabulary": vocabulary, "biodir": __version__, **(run_settings or {})}
    fingerprints = input_fingerprints(inputs)
    model = pipeline_fingerprint(extract)
    manifest = {"setting": settings, PART_SIZE: run.part_documents, "model": model}
    manifest |= {"input": dict(fingerprints), "order": fingerprints}
    can_resume = all(fingerprint for _, fingerprint in fingerprints)
    with open_parts(output, manifest, can_resume) as parts, rejections(parts.folder, output, inputs) as reject:
        policy = _also(policy, reject)
        documents = run.documents(inputs, policy, one_per_line, missing)
        return _to_file(run, documents, output, policy, progress, parts, engine)


@dataclass(frozen=True)
class _Run:
    """How documents are read, related and written."""

    extract: "RelationExtraction"
    written: OutputFormat
    offsets: str
    vocabulary: Vocabulary | None
    parameters: Mapping[str, Any]
    costs: LongDocuments | None
    part_documents: int

    def documents(
        self, inputs: Sequence[Path], policy: ErrorPolicy, one_per_line: bool, missing: Sequence[BioDirError]
    ) -> Iterator[Document]:
        """Return the documents of all files that the model and the output can take; leave out the missing ones."""
        for error in missing:
            _leave_out((error.reason, str(error)), policy)
        sections = SectionFilter(self.parameters.get("sections"), self.parameters.get("skip_sections") or ())

        def prepare(document: Document) -> Document:
            document = self.extract.check_document(document, self.parameters.get("type_map"), policy)
            sections.check(document)  # all before the model runs, where file and line are known
            self.written.check(document)
            return document

        reading = replace(policy, prepare=prepare, finds_entities=self.extract.finds_entities)
        return policy.files(inputs, lambda path: read_documents(path, reading, one_per_line))

    def related(self, documents: Iterable[Document]) -> Iterator[tuple[Document, Results | BioDirError]]:
        """Yield each document with its relations; only documents that the pipeline has read ahead are in memory.

        A pipeline may give an error in place of the relations of a document.
        """
        finding = {name: value for name, value in self.parameters.items() if name in FINDING}
        # Types of documents are named by now, but those of filters are not.
        others = {name: value for name, value in self.parameters.items() if name not in ("ner", "link")}
        read_ahead: deque[Document] = deque()

        def remembered() -> Iterator[Document]:
            for document in self.extract.with_entities(documents, **finding):
                if self.costs is not None:
                    self.costs.check(document)
                read_ahead.append(document)
                yield document

        for relations in self.extract(remembered(), **others, link=keep_identifiers, offsets=self.offsets):
            is_failed = isinstance(relations, BioDirError)
            yield read_ahead.popleft(), relations if is_failed else results_with_vocabulary(relations, self.vocabulary)

    def stated(self, document: Document) -> Document:
        """Return a document whose cost is stated, unless its entities are still to be found."""
        if self.costs is not None and not document.is_plain:
            self.costs.check(document)
        return document

    def part(
        self, documents: Sequence[Document], on_finished: Callable[[Document], object] | None = None
    ) -> tuple[PartRecord, str]:
        """Return the part of the output that has these documents: what is in it, and their texts."""
        texts, failed = [], []
        relations = left_out = repeated = 0
        lexicon = lexicon_of(self.parameters.get("link"))
        before, linked_before = _counts(self.extract), _counts(lexicon)
        with _collected_notes() as notes:
            for document, results in self.related(documents):
                if isinstance(results, BioDirError):
                    failed.append((results.reason, str(results)))
                else:
                    texts.append(self.written.text_of(document, results))
                    relations += (number := self.written.number(results))
                    repeated += len(results) - number
                    left_out += self.written.left_out(results)
                if on_finished is not None:
                    on_finished(document)
        release_freed_memory()
        counts, linked = dict(_counts(self.extract) - before), dict(_counts(lexicon) - linked_before)
        return PartRecord(len(documents), relations, left_out, notes, failed, counts, repeated, linked), "".join(texts)


def _counts(owner: Any) -> Counter[str]:
    """Return what a pipeline or a lexicon counts of its own; most pipelines count nothing."""
    return Counter(getattr(owner, "counts", {}))


def _to_stream(
    run: _Run, documents: Iterable[Document], stream: TextIO, policy: ErrorPolicy, progress: Progress
) -> Report:
    written = relations = 0
    stream.write(run.written.start)
    for document, results in run.related(documents):
        if isinstance(results, BioDirError):
            _leave_out((results.reason, str(results)), policy)
            continue
        stream.write(run.written.text_of(document, results))
        stream.flush()
        written += 1
        relations += (number := run.written.number(results))
        policy.note(REPEATED, len(results) - number)
        policy.note(LEFT_TO_BIOREDIRECT, run.written.left_out(results))
        progress.finished(document)
    return Report(written, relations, _counts(run.extract))


def _leave_out(failed: Sequence[str], policy: ErrorPolicy) -> None:
    """Treat a document that the pipeline could not relate, with its reason and message, as the policy asks."""
    reason, message = failed
    error = BioDirError(message, reason)
    if policy.errors == STRICT.errors:
        raise error
    policy.skip("document", error)


def _to_file(
    run: _Run,
    documents: Iterator[Document],
    output: Path,
    policy: ErrorPolicy,
    progress: Progress,
    parts: Parts,
    engine: "RayEngine | None",
) -> Report:
    progress.resumed(parts.documents)
    lexicon = lexicon_of(run.parameters.get("link"))
    if lexicon is not None:
        for record in parts.records:  # it counts for all of the output
            lexicon.counts.update(record.linked)
    if engine is not None:
        # Workers cannot tell the user anything, so this process states what is long.
        unfinished = ((n, [run.stated(each) for each in part]) for n, part in _unfinished(run, documents, parts))
        engine.compute(replace(run, costs=None), unfinished, parts, progress, stops=policy.errors == STRICT.errors)
    else:
        for number, part in _unfinished(run, documents, parts):
            record, text = run.part(part, progress.finished)
            if record.failed and policy.errors == STRICT.errors:
                _leave_out(record.failed[0], policy)
            parts.add(number, record, text)
    failed = [each for record in parts.records for each in record.failed]
    for each in failed:
        _leave_out(each, policy)
    notes = run.written.join(parts.files(), output)
    policy.note(REPEATED, sum(record.repeated for record in parts.records))
    policy.note(LEFT_TO_BIOREDIRECT, sum(record.left_out for record in parts.records))
    for line in (*notes, *_merged_notes([record.notes for record in parts.records])):
        PIPELINE_LOGGER.warning("%s", line)
    counts = sum((Counter(record.counts) for record in parts.records), Counter[str]())
    return Report(parts.documents - len(failed), sum(record.relations for record in parts.records), counts)


def _unfinished(run: _Run, documents: Iterator[Document], parts: Parts) -> Iterator[tuple[int, list[Document]]]:
    """Yield the parts that are not finished, with their numbers.

    The documents of the others are read once more, not computed: what has an error is counted as in the run that was
    stopped.
    """
    for number in count():
        if number in parts:
            for _ in islice(documents, parts.documents_of(number)):
                pass
        elif part := _next_part(documents, run.part_documents):
            yield number, part
        else:
            return


def _next_part(documents: Iterator[Document], most: int) -> list[Document]:
    """Return the documents of a part; where it ends depends on its documents only, as then do its batches."""
    part: list[Document] = []
    characters = 0
    while len(part) < most and characters < PART_CHARACTERS:
        document = next(documents, None)
        if document is None:
            break
        part.append(document)
        characters += len(document.text)
    return part


def _also(policy: ErrorPolicy, on_skip: Callable[[str, BioDirError], object]) -> ErrorPolicy:
    """Return the policy that gives what it leaves out to a second listener; both count in the same counters."""

    def both(what: str, error: BioDirError) -> None:
        on_skip(what, error)
        if policy.on_skip is not None:
            policy.on_skip(what, error)

    return replace(policy, on_skip=both)


@contextmanager
def _collected_notes() -> Iterator[list[str]]:
    """Keep what the pipeline logs at the end of a call, for a note on all parts together."""
    lines: list[str] = []

    def keep(record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        lines.append(record.getMessage())
        return False

    PIPELINE_LOGGER.addFilter(keep)
    try:
        yield lines
    finally:
        PIPELINE_LOGGER.removeFilter(keep)


def _merged_notes(noted: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines on all parts: counts are added, and a filter found nothing if it did so in every part.

    >>> list(_merged_notes([["texts: 2", "entity_ids not found: 1, 2"], ["texts: 1", "entity_ids not found: 2"]]))
    ['texts: 3', 'entity_ids not found: 2']
    """
    counts: dict[str, int] = {}
    missing: dict[str, list[set[str]]] = {}
    for text, _, value in (line.rpartition(": ") for lines in noted for line in lines):
        if text.startswith(FILTERS):
            missing.setdefault(text, []).append(set(value.split(", ")))
        elif value.isdigit():
            counts[text] = counts.get(text, 0) + int(value)
    yield from (f"{text}: {count}" for text, count in counts.items())
    for text, values in missing.items():
        everywhere = set.intersection(*values) if len(values) == len(noted) else set()
        if everywhere:
            yield f"{text}: {', '.join(sorted(everywhere))}"


def count_documents(paths: Sequence[Path], may_be_text: bool = False, one_per_line: bool = False) -> int | None:
    """Return how many documents the files seem to hold, for a progress bar.

    None if that takes long to find out, or if a file cannot be read: the run reports it, and may leave it out.
    """
    try:
        counts = [document_count(path, may_be_text, one_per_line) for path in paths]
    except BioDirError:
        return None
    return None if None in counts else sum(count or 0 for count in counts)
