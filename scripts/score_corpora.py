"""Score a checkpoint on corpora that judge a part of the pairs, such as a second development set.

    python scripts/score_corpora.py runs/stage1 --corpora recipes/corpora.yaml --data_dir FOLDER bc5cdr-dev drugprot-dev

Entities are given. Of each corpus the pairs count that it judges, and relation types that it knows; so the scores say
nothing of the others. Thresholds and biases are those of the checkpoint. It prints a line of JSON for each corpus, and
one for all.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from biodir.errors_biodir import STRICT, BioDirError, SettingError
from biodir.evaluation.checks import unannotated_parts
from biodir.evaluation.model_scores import ProcessedDocuments, decoded_documents, pair_logits
from biodir.evaluation.scores import Counts, relation_scores
from biodir.inference.loading import load_pipeline
from biodir.pipeline_decoding_biodir import DecodingRule
from biodir.processing_biodir import make_processor
from biodir.training.corpora import TrainingCorpus, listed_corpus
from biodir.training.corpus_list import check_names, read_entries
from biodir.training.data import labelled_pairs, related_types
from biodir.training.reading import known_documents
from biodir.training.scopes import known_scope

# Novelty is annotated by none of these corpora.
SCORED_LEVELS = ("entity_pair", "relation_type", "relation_type_direction")

REMEDY = "map the types in the file of --corpora (entity_types), to null where their mentions are to be left out"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the scores; input with an error ends the program with a line that names the reason."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("model", help="folder of the checkpoint")
    parser.add_argument("names", nargs="+", help="of corpora in the list")
    parser.add_argument("--corpora", required=True, help="YAML file that lists the corpora")
    parser.add_argument("--data_dir", help="folder that the paths in it start from")
    parser.add_argument("--max_documents", type=int, help="score so many documents of each only")
    options = parser.parse_args(arguments)
    if options.max_documents is not None and options.max_documents < 1:
        parser.error(f"--max_documents is {options.max_documents}; give 1 or more")
    try:
        entries = read_entries(options.corpora, options.data_dir)
        check_names("names", options.names, entries)
        extract = load_pipeline(options.model)
        if not extract.model.config.tasks:
            raise SettingError(
                f"{options.model}: the model is a tagger without relations, which the corpora judge; name one with them"
            )
        total = dict.fromkeys(SCORED_LEVELS, Counts())
        for entry in entries:
            if entry.label in options.names:
                entry.max_documents = options.max_documents or entry.max_documents
                counts = corpus_counts(extract, listed_corpus(entry, STRICT, log=lambda line: None))
                total = {level: total[level] + counts[level] for level in SCORED_LEVELS}
                print(report(entry.label, counts), flush=True)
    except BioDirError as error:
        sys.exit(f"score_corpora.py: error: {error}")
    print(report("all", total))


def report(name: str, counts: dict[str, Counts]) -> str:
    """Return a line of JSON."""
    return json.dumps({"corpus": name, **{level: counts[level].to_dict() for level in SCORED_LEVELS}})


def corpus_counts(extract: Any, corpus: TrainingCorpus) -> dict[str, Counts]:
    """Return level -> counts over the pairs that a corpus judges.

    Args:
        extract: the pipeline of a checkpoint.
        corpus: with relation types of the checkpoint.
    """
    config = extract.model.config
    processor = make_processor(extract.tokenizer, config)
    known = (corpus.path, corpus.documents, config, STRICT)
    documents = known_documents(*known, log=lambda line: None, remedy=REMEDY)
    scope = known_scope(corpus.scope, config, corpus.name or corpus.path)
    if corpus.is_partial:
        joined = frozenset(related_types(documents))
        scope = replace(scope, pair_types=joined if scope.pair_types is None else joined & scope.pair_types)
    relations = [relation for document in documents for relation in document.relations]
    if scope.undirected is None and not scope.judgements and "direction" in unannotated_parts(relations):
        scope = replace(scope, undirected={each.id: {found.pair for found in each.relations} for each in documents})
    features = []
    for document in documents:
        given = ([document], processor, config.labels, False, corpus.excluded_pairs)
        features.append([found.features for found in labelled_pairs(*given, scope=scope)])
    data = ProcessedDocuments(tuple(documents), tuple(map(tuple, features)))
    logits = pair_logits(extract.forward, data, processor, config.token_budget)
    predicted = decoded_documents(data, logits, DecodingRule.from_config(config))
    seen = [{pair.pair.identifiers for each in found for pair in each.pairs} for found in features]
    gold = [
        replace(document, relations=tuple(each for each in document.relations if each.pair in pairs))
        for document, pairs in zip(documents, seen, strict=True)
    ]
    compared = [scope.comparable(*each) for each in zip(predicted, gold, strict=True)]
    return relation_scores(gold, compared, config.labels)


if __name__ == "__main__":
    main()
