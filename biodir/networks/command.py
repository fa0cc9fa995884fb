"""The command `biodir network`."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

from tqdm import tqdm
from typer import Argument, Option

from biodir.files import check_paths
from biodir.formats.pubtator_names import Vocabulary
from biodir.networks.formats import FORMATS, network_format
from biodir.networks.inputs import read_statements
from biodir.networks.merging import EVIDENCE_DOCUMENTS, Merger
from biodir.networks.selection import select, with_vocabulary
from biodir.networks.settings import KNOWLEDGE_SOURCE, NetworkSettings
from biodir.options import ErrorsOption, OffsetsOption, SplitOption, end_of, reading_policy

_NAMES = ", ".join(f"{each.name} ({each.suffix})" for each in FORMATS)
INPUT_HELP = (
    "files of documents with relations: PubTator, JSON and JSON Lines, also of `biodir predict`, BioC XML and JSON, "
    "Parquet, or brat (.ann beside .txt); also packed as .gz, .xz, .bz2 or .zst; - is standard input"
)
OUTPUT_HELP = f"file to write, whose suffix names its format: {_NAMES}"
EVIDENCE_HELP = "documents of an edge of which the sentences are kept, those with the best scores; all are counted"
SCORE_HELP = "leave out edges with a lower score; it combines the scores of all documents"
VOCABULARY_HELP = "names of relation types: those of BioRED, or those of PubTator 3, such as treat and inhibit"


def network(
    inputs: Annotated[list[Path], Argument(metavar="IN", help=INPUT_HELP)],
    output: Annotated[Path, Option("-o", "--output", metavar="OUT", help=OUTPUT_HELP)],
    output_format: Annotated[str | None, Option("--format", help="format of the output, if not by suffix")] = None,
    evidence: Annotated[int, Option(min=0, metavar="N", help=EVIDENCE_HELP)] = EVIDENCE_DOCUMENTS,
    min_documents: Annotated[int, Option(min=1, metavar="N", help="leave out edges of fewer documents")] = 1,
    min_score: Annotated[float, Option(min=0, max=1, metavar="S", help=SCORE_HELP)] = 0.0,
    linked_only: Annotated[bool, Option("--linked-only", help="leave out nodes without an identifier")] = False,
    vocabulary: Annotated[Vocabulary | None, Option(help=VOCABULARY_HELP)] = None,
    knowledge_source: Annotated[str, Option(metavar="INFORES", help="source that KGX names")] = KNOWLEDGE_SOURCE,
    errors: ErrorsOption = "raise",
    offsets: OffsetsOption = "characters",
    split_relations: SplitOption = False,
) -> None:
    """Merge the relations of documents into one network.

    Reads documents with relations, and what `biodir predict` writes. Relations of the same entities, type and
    direction become one edge, with the documents that state it, their sentences and scores.

        biodir network relations.pubtator more.jsonl -o graph.tsv
        biodir network out.jsonl -o graph.jsonl --min-documents 2 --linked-only
    """
    settings = NetworkSettings(knowledge_source=knowledge_source)
    written = network_format(output, output_format)
    written.check(vocabulary, knowledge_source)
    check_paths(inputs, written.paths(output), must_exist=errors == "raise")
    policy = reading_policy(errors, offsets, split_relations)
    merger = Merger(evidence)
    documents = policy.files(inputs, partial(read_statements, policy=policy))
    for document in tqdm(documents, unit=" documents", disable=not sys.stderr.isatty()):
        merger.add(document)
    merged, left_out = select(merger.network(), min_documents, linked_only, min_score)
    if merger.is_empty:
        left_out.append("no document has a relation; `biodir predict` finds them")
    for line in (*merger.notes(), *left_out, *written.write(with_vocabulary(merged, vocabulary), output, settings)):
        print(f"biodir: {line}", file=sys.stderr)
    for path in written.paths(output):
        print(path)
    end_of(policy, f"documents: {merged.documents}, nodes: {len(merged.nodes)}, edges: {len(merged.edges)}")
