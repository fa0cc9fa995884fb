"""False positives on texts that relate nothing: negated findings, mere co-occurrences; with a control that is related.

Each document of the file has one pair of entities, and its id begins with its kind: `negation-01`, `co-occurrence-01`,
`control-negation-01`; the last relates the entities of the first. In BioRED "no association" is no relation.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from biodir.document_biodir import Document
from biodir.errors_biodir import AnnotationError
from biodir.evaluation.intervals import share_interval
from biodir.evaluation.model_scores import ProcessedDocuments, document_decisions, pair_logits, processed_documents
from biodir.formats.reading import read_documents
from biodir.labels_biodir import type_pair
from biodir.pipeline_decoding_biodir import DecodingRule, PairDecision
from biodir.pipeline_engine_biodir import Logits
from biodir.processing_biodir import make_processor

# The texts, in a checkout.
TEXTS = "samples/negation.jsonl"
NEGATION, CO_OCCURRENCE, CONTROL = KINDS = ("negation", "co-occurrence", "control")
# Settings to try besides those of a checkpoint: biases of the label None, and lowest scores.
NONE_BIASES, MIN_SCORES = (1.0, 2.0, 3.0, 4.0), (0.1, 0.2, 0.3, 0.4, 0.5)
# What a report of other settings leaves out.
_LISTS = ("errors", "missed", "left_out")


@dataclass(frozen=True)
class TestedPair:
    """A document with one pair of entities, and what a model decides of it.

    >>> document = Document("negation-01", "Iron does not bind EGFR.")
    >>> TestedPair(document, None).kind
    'negation'
    """

    document: Document
    decision: PairDecision

    @property
    def kind(self) -> str:
        """One of `KINDS`."""
        return next(kind for kind in KINDS if self.document.id.startswith(f"{kind}-"))

    @property
    def pair_type(self) -> str:
        """The two entity types in alphabetic order, with a hyphen between them."""
        return "-".join(pair_type_of(self.document))

    @property
    def has_right_type(self) -> bool:
        """Whether the type is that of the document's relation."""
        return self.decision.relation_type in {each.relation_type for each in self.document.relations}

    def is_found(self, min_score: float) -> bool:
        """Return whether the model relates the pair, with this score or a higher one."""
        return self.decision.is_related and self.decision.score >= min_score


@dataclass(frozen=True)
class ScoredTexts:
    """The documents with a pair that the model scores, and the logits of each.

    Args:
        data: the documents and their features.
        logits: of the pair of each document.
        left_out: ids of documents with a pair of types that the model does not know.

    >>> ScoredTexts(ProcessedDocuments((), ()), (), left_out=("negation-01",)).left_out
    ('negation-01',)
    """

    data: ProcessedDocuments
    logits: Sequence[Logits]
    left_out: tuple[str, ...]


def read_tested(path: Path) -> list[Document]:
    """Return the documents of a file of tested pairs.

    Raises:
        AnnotationError: there is no document; or one has another number of entities than two, or two of one identifier;
            its id has no kind; or it is related without being a control, or the reverse.
    """
    documents = list(read_documents(path))
    if not documents:
        raise AnnotationError(f"{path}: has no document; name a file of texts with a pair each")
    for each in documents:
        kind = next((kind for kind in KINDS if each.id.startswith(f"{kind}-")), None)
        place = f"{path}: document {each.id}"
        if kind is None:
            raise AnnotationError(f"{place}: the id does not begin with {', '.join(KINDS)} and a hyphen; rename it")
        if len(each.entities()) != 2:
            raise AnnotationError(f"{place}: has {len(each.entities())} entities; mark two")
        if len({entity.identifier for entity in each.entities()}) != 2:
            raise AnnotationError(f"{place}: its two entities have one identifier; give each its own")
        if (kind == CONTROL) != bool(each.relations):
            wanted = "a relation" if kind == CONTROL else "no relation"
            raise AnnotationError(f"{place}: has {len(each.relations)} relations; a {kind} has {wanted}")
    return documents


def pair_type_of(document: Document) -> tuple[str, str]:
    """Return the types of the two entities in alphabetic order."""
    first, second = (entity.entity_type for entity in document.entities())
    return type_pair((first, second))


def scored_texts(
    extract: Any, documents: Sequence[Document], progress: Callable[[Iterable[Any]], Iterable[Any]] = iter
) -> ScoredTexts:
    """Return the logits of a pipeline for the pair of each document whose pair type it knows."""
    config = extract.model.config
    known = {type_pair(each) for each in config.pair_types}
    kept = [extract.check_document(each) for each in documents if pair_type_of(each) in known]
    processor = make_processor(extract.tokenizer, config)
    data = processed_documents(kept, processor)
    logits = pair_logits(extract.forward, data, processor, config.token_budget, progress)
    return ScoredTexts(data, logits, tuple(each.id for each in documents if pair_type_of(each) not in known))


def tested_pairs(scored: ScoredTexts, rule: DecodingRule) -> list[TestedPair]:
    """Return what the rule decides of each pair."""
    decisions = document_decisions(scored.data, scored.logits, rule)
    return [TestedPair(*each) for each in zip(scored.data.documents, (one for (one,) in decisions), strict=True)]


def negation_report(scored: ScoredTexts, rule: DecodingRule, min_score: float = 0.0) -> dict[str, Any]:
    """Return the false positives, with shares and their 95 % intervals, and the recall of the control.

    Args:
        scored: the logits of a model.
        rule: how they become labels.
        min_score: relations with a lower score are left out, as by `biodir predict --min-score`.

    Returns:
        `false_positives`, `by_kind`, `by_pair_type`, `control` (related pairs that are found, with any type),
        `control_type` (with their type) and `separated` (found, and not found in the unrelated counterpart): each
        `found`, `of`, `share` and `interval`; `errors`: each false positive, highest score first; `missed`: ids of
        the control; `left_out`, `none_bias`, `min_score`.
    """
    pairs = tested_pairs(scored, rule)
    unrelated, control = ([each for each in pairs if (each.kind == CONTROL) is wanted] for wanted in (False, True))
    found = [each for each in unrelated if each.is_found(min_score)]

    def shares(name: str) -> dict[str, Any]:
        groups = sorted({getattr(each, name) for each in unrelated})
        return {
            group: share(*(sum(getattr(each, name) == group for each in some) for some in (found, unrelated)))
            for group in groups
        }

    recalled = [each for each in control if each.is_found(min_score)]
    wrong = {each.document.id for each in found}
    separated = [each for each in recalled if each.document.id.removeprefix(f"{CONTROL}-") not in wrong]
    return {
        "none_bias": rule.none_bias,
        "min_score": min_score,
        "false_positives": share(len(found), len(unrelated)),
        "by_kind": shares("kind"),
        "by_pair_type": shares("pair_type"),
        "control": share(len(recalled), len(control)),
        "control_type": share(sum(each.has_right_type for each in recalled), len(control)),
        "separated": share(len(separated), len(control)),
        "errors": [_shown(each) for each in sorted(found, key=lambda each: -each.decision.score)],
        "missed": [each.document.id for each in control if not each.is_found(min_score)],
        "left_out": list(scored.left_out),
    }


def report_with_settings(
    scored: ScoredTexts,
    rule: DecodingRule,
    none_biases: Iterable[float] = NONE_BIASES,
    min_scores: Iterable[float] = MIN_SCORES,
) -> dict[str, Any]:
    """Return the report with the rule's own settings; under `tried` its figures, then those of one change at a time.

    Biases are left out where each relation type has a threshold, which replaces them.
    """
    report = negation_report(scored, rule)
    none_biases = () if rule.relation_thresholds else none_biases
    biased = [negation_report(scored, replace(rule, none_bias=bias)) for bias in none_biases]
    cut = [negation_report(scored, rule, score) for score in min_scores]
    tried = [{name: each[name] for name in each if name not in _LISTS} for each in (report, *biased, *cut)]
    return {**report, "tried": tried}


def share(found: int, of: int) -> dict[str, Any]:
    """Return the counts with their share in 0..1 and its 95 % interval; None for both of nothing."""
    if not of:
        return {"found": found, "of": of, "share": None, "interval": None}
    return {"found": found, "of": of, "share": found / of, "interval": share_interval(found, of)}


def _shown(pair: TestedPair) -> dict[str, Any]:
    decision = pair.decision
    named = {"subject": decision.subject.name, "object": decision.object.name, "directed": decision.directed}
    made = {"relation": decision.relation_type, "score": round(decision.score, 4), **named}
    return {"id": pair.document.id, "pair_type": pair.pair_type, **made, "text": pair.document.text}
