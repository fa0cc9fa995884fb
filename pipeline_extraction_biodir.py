"""What a call does, whatever computes the model: inputs to documents, batches, decisions, results. Knows no torch.

The pipeline of transformers and the run-time of ONNX graphs, `biodir.runtime`, are the two that build on it.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, cast

from .document_biodir import Document
from .document_candidates_biodir import candidate_pairs
from .document_inputs_biodir import (
    check_encodable,
    document_from_input,
    each_input,
    is_one_document,
    with_known_types,
)
from .document_parts_biodir import IdentifierSet
from .document_sections_biodir import SectionFilter
from .errors_biodir import STRICT, CheckpointError, ErrorPolicy, SettingError, suggestion
from .labels_biodir import NOVELTY_LABELS
from .pipeline_decoding_biodir import DecodingRule, PairDecision, decode_pairs
from .pipeline_engine_biodir import Inputs, PairFilter, PreparedBatch, batches, document_parts, prepare, read_ahead, run
from .pipeline_entities_biodir import Linker, linked, with_found, with_identifiers, with_recognised
from .pipeline_parameters_biodir import as_list, check_loading, check_names, check_numbers, named_pair
from .pipeline_results_biodir import ResultWriter
from .pipeline_tagging_biodir import MentionFinder
from .processing_biodir import ScoredPair, make_processor

logger = logging.getLogger(__name__)

FILTERS = ("pair_types", "entity_ids", "sections", "skip_sections")
PREPROCESS_PARAMETERS = (*FILTERS, "ner", "link", "type_map", "offsets")
CHOICES = ("threshold", "relation_types", "novel_only", "directed_only", "min_direction_score", "top_k")
POSTPROCESS_PARAMETERS = (*CHOICES, "return_all_scores", "return_entities", "offsets")
LIST_PARAMETERS = ("relation_types", "pair_types", "entity_ids", "sections", "skip_sections")


class RelationExtraction:
    """Everything of the pipeline but the model: its call, its parameters, its results. See `BioDirPipeline`.

    A class that builds on it has `config`, calls `_use_parts` in its constructor, and computes logits in `forward`.

    Args:
        parameters: of every call that does not give them itself, see `BioDirPipeline`.

    With a `model` and its `tokenizer`:

    >>> class WithoutModel(RelationExtraction):
    ...     config = model.config
    >>> extract = WithoutModel(threshold=0.5)
    >>> extract.read_document("Iron binds EGFR.").text
    'Iron binds EGFR.'
    """

    # A CPU that computes the model has no time to prepare the next batch.
    _prepares_ahead = False
    # What computes, one of `biodir.inference.BACKENDS`.
    backend = "torch"
    tokenizer: Any
    _processor: Any = None
    _rule: DecodingRule
    _finder: MentionFinder | None = None

    def __init__(self, batch_size: int | None = None, num_workers: Any = None, **parameters: Any) -> None:
        check_loading(batch_size, num_workers)
        self._batch_size = batch_size
        self._preprocess_params: dict[str, Any] = {}  # read while the constructor's own parameters are checked
        self._preprocess_params, _, self._postprocess_params = self._sanitize_parameters(**parameters)

    @property
    def config(self) -> Any:
        """The settings of the model; their names are those of `BioDirConfig`."""
        raise NotImplementedError

    def forward(self, model_inputs: Inputs) -> Mapping[str, Any]:
        """Return task -> (batch, labels): the logits of a pass."""
        raise NotImplementedError

    def _use_parts(self, tokenizer: Any, finder: MentionFinder | None) -> None:
        """Set what comes before and after the model.

        Args:
            tokenizer: see `BaseProcessor`.
            finder: of the model's tagger; None without one.
        """
        # A model may have a tagger and nothing else.
        self._processor = make_processor(tokenizer, self.config) if self.config.tasks else None
        self._rule = DecodingRule.from_config(self.config)
        self._finder = finder

    def __call__(self, inputs: Any, batch_size: int | None = None, num_workers: Any = None, **kwargs: Any) -> Any:
        preprocess, _, postprocess = self._sanitize_parameters(**kwargs)
        batch_size = self._batch_size if batch_size is None else batch_size
        preprocess = {"batch_size": batch_size, **self._preprocess_params, **preprocess}
        postprocess = {**self._postprocess_params, **postprocess}
        check_loading(batch_size, num_workers)
        one, given = is_one_document(inputs), each_input(inputs)
        policy = self._policy(preprocess)
        documents: Any = (self._to_document(value, index, preprocess, policy) for index, value in enumerate(given))
        if isinstance(given, list):
            documents = list(documents)  # all are checked before the model runs
            results = list(self._results(documents, preprocess, postprocess, policy))
            return results[0] if one else results
        return self._results(documents, preprocess, postprocess, policy)

    def find_entities(self, documents: Any, link: Linker | None = None) -> Iterator[Document]:
        """Yield the documents with the entities that the tagger of the model finds, in place of those that they have.

        They are what a call takes: a text, a mapping, a PubTator string or a `Document`, or several of these.

        Each mention has a score, and an identifier: by `link` (see the class; by default that of the constructor), or
        that of all mentions with the same name. A `type_map` of the constructor applies. A few documents are read
        ahead. No relation is kept.

        Raises:
            CheckpointError: the model has no tagger.
        """
        if self._finder is None:
            raise CheckpointError("the model finds no entities; mark them, or take a checkpoint with a tagger")
        parameters = {**self._preprocess_params, **({} if link is None else {"link": link})}
        policy, types = self._policy(parameters), self.config.entity_types
        read = (document_from_input(each, n, types, policy) for n, each in enumerate(each_input(documents)))
        yield from with_found(map(_without_marks, read), self._tagged(parameters, policy))

    def with_entities(self, documents: Any, **parameters: Any) -> Iterator[Document]:
        """Yield the documents that a call with these parameters relates, the plain ones with the entities it finds.

        Plain documents are tagged together, so a few are read ahead. A call on what is yielded finds no entities; with
        ``link=keep_identifiers`` it does not apply the constructor's `link` again. What the call reads in another way
        than it is written, only the call logs.

        Raises:
            BioDirError: a parameter or a document is not as described.
        """
        preprocess, _, _ = self._sanitize_parameters(**parameters)
        preprocess = {**self._preprocess_params, **preprocess}
        policy = self._policy(preprocess)
        given = enumerate(each_input(documents))
        read = (self._to_document(value, index, preprocess, policy) for index, value in given)
        yield from self._completed(read, preprocess, policy)

    def _results(
        self,
        documents: Iterable[Document],
        preprocess: Mapping[str, Any],
        postprocess: Mapping[str, Any],
        policy: ErrorPolicy,
    ) -> Iterator[Any]:
        """Yield the result of each document, in order; pairs of several documents share a batch."""
        keep_unrelated = postprocess.get("return_all_scores", False)
        decided: list[tuple[ScoredPair, PairDecision]] = []
        found_relations: set[str] = set()
        pair_filter, section_filter = pair_filter_of(preprocess), section_filter_of(preprocess)
        completed = self._completed(documents, preprocess, policy)
        filters = {"pair_filter": pair_filter, "section_filter": section_filter}
        for batch in self.preprocess(completed, **{**preprocess, **filters}):
            for (document, features), logits in run(self.forward, batch):
                if features is None:
                    found_relations.update(decision.relation_type for _, decision in decided)
                    yield self.postprocess((document, decided), **postprocess)
                    decided = []
                    continue
                pairs: Sequence[ScoredPair] = features.pairs
                candidates = [scored.pair for scored in pairs]
                decisions = decode_pairs(candidates, logits, self._rule, related_only=not keep_unrelated)
                decided += [(pairs[number], decision) for number, decision in decisions]
        log_notes(policy, pair_filter, section_filter, postprocess.get("relation_types"), found_relations)

    @property
    def has_tagger(self) -> bool:
        """Whether the model finds entities itself."""
        return bool(self.config.tagger_labels)

    @property
    def finds_entities(self) -> bool:
        """Whether the entities of plain documents are found, by the model or the constructor's `ner`."""
        return self._policy(self._preprocess_params).finds_entities

    def check_document(
        self, document: Document, type_map: Mapping[str, str | None] | None = None, policy: ErrorPolicy = STRICT
    ) -> Document:
        """Return the document with the model's names of entity types.

        Raises:
            AnnotationError: a type is neither the model's nor mapped, or a string cannot be written as UTF-8.
        """
        return with_known_types(document, self.config.entity_types, self._type_names(type_map), policy)

    def _policy(self, preprocess: Mapping[str, Any]) -> ErrorPolicy:
        """Return how the inputs of a call with these parameters are read."""
        finds_entities = self.has_tagger or preprocess.get("ner") is not None
        return ErrorPolicy(offsets=preprocess.get("offsets", "characters"), finds_entities=finds_entities)

    def _type_names(self, type_map: Mapping[str, str | None] | None) -> dict[str, str | None]:
        """Return other names of entity types -> the model's: of the model, and of the call or else the constructor."""
        given = self._preprocess_params.get("type_map", {}) if type_map is None else type_map
        return {**self.config.type_map, **given}

    def read_document(self, value: Any, index: int = 0, **parameters: Any) -> Document:
        """Return the document of an input, as a call with these parameters reads it.

        Args:
            value: a mapping, a PubTator string, a `Document`, or where entities will be found any text.
            index: its place among the inputs, for messages and as the id of a document without one.

        Raises:
            BioDirError: a parameter or the document is not as described.
        """
        preprocess, _, _ = self._sanitize_parameters(**parameters)
        parameters = {**self._preprocess_params, **preprocess}
        policy = self._policy(parameters)
        document = self._to_document(value, index, parameters, policy)
        for line in policy.summary():
            logger.warning("%s", line)
        return document

    def what_is_read(self, document: Document, **parameters: Any) -> tuple[Document, int]:
        """Return what a call with these parameters reads of a document, and the number of pairs that it scores."""
        preprocess = {**self._preprocess_params, **self._sanitize_parameters(**parameters)[0]}
        read = section_filter_of(preprocess).read(document)
        if not self.config.tasks:
            return read, 0
        pairs = candidate_pairs(read.entities(), self.config.pair_types)
        return read, sum(1 for _ in pair_filter_of(preprocess).select(pairs))

    def _sanitize_parameters(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        known = tuple(dict.fromkeys((*PREPROCESS_PARAMETERS, *POSTPROCESS_PARAMETERS)))
        for name in kwargs:
            if name not in known:
                raise SettingError(f"unknown parameter {name!r}; {suggestion(name, (*known, 'batch_size'))}")
        given = {name: value for name, value in kwargs.items() if value is not None}
        given |= {name: as_list(name, given[name]) for name in LIST_PARAMETERS if name in given}
        check_numbers(given)
        check_names(given, self.config)
        if "pair_types" in given:
            names = self._type_names(given.get("type_map"))
            given["pair_types"] = frozenset(named_pair(each, self.config, names) for each in given["pair_types"])
        if "entity_ids" in given:
            given["entity_ids"] = frozenset(given["entity_ids"])
        preprocess = {name: given[name] for name in PREPROCESS_PARAMETERS if name in given}
        postprocess = {name: given[name] for name in POSTPROCESS_PARAMETERS if name in given}
        return preprocess, {}, postprocess

    def preprocess(self, input_: Iterable[Document], **parameters: Any) -> Iterator[PreparedBatch]:
        """Yield the batches of documents with the inputs of the model."""
        pair_filter = parameters.get("pair_filter") or pair_filter_of(parameters)
        token_budget = self.config.token_budget
        if self._processor is None:
            yield from (([(document, None)], []) for document in input_)
            return
        section_filter = parameters.get("section_filter") or section_filter_of(parameters)
        parts = document_parts(input_, self._processor, pair_filter, section_filter)
        prepared = prepare(batches(parts, token_budget, parameters.get("batch_size")), self._processor, token_budget)
        yield from read_ahead(prepared) if self._prepares_ahead else prepared

    def postprocess(
        self, model_outputs: tuple[Document, Sequence[tuple[ScoredPair, PairDecision]]], **parameters: Any
    ) -> Any:
        """Return the result of a document as JSON-ready data: its relations, or with `return_entities` both."""
        document, decided = model_outputs
        relation_types = parameters.get("relation_types")
        everything = parameters.get("return_all_scores", False)
        threshold, surest = parameters.get("threshold", 0.0), parameters.get("min_direction_score", 0.0)
        writer = ResultWriter(
            document, parameters.get("offsets", "characters"), self._rule.labels if everything else None
        )
        relations = writer.relations(
            (scored, decision)
            for scored, decision in ((scored, each.abstaining(surest)) for scored, each in decided)
            if (everything or (decision.is_related and decision.score >= threshold))
            and (relation_types is None or decision.relation_type in relation_types)
            and (decision.novelty == NOVELTY_LABELS[1] or not parameters.get("novel_only"))
            and (decision.directed or not parameters.get("directed_only"))
        )[: parameters.get("top_k")]
        return (
            {"entities": writer.entities(), "relations": relations} if parameters.get("return_entities") else relations
        )

    def _to_document(self, value: Any, index: int, preprocess: Mapping[str, Any], policy: ErrorPolicy) -> Document:
        document = document_from_input(value, index, self.config.entity_types, policy)
        is_found = document.is_plain and preprocess.get("ner") is not None
        if is_found:
            document = with_recognised(document, preprocess["ner"])
        document = self.check_document(document, preprocess.get("type_map"), policy)
        section_filter_of(preprocess).check(document)
        link = preprocess.get("link")
        if is_found:
            return with_identifiers(document, link)
        return document if link is None or document.is_plain else linked(document, link)

    def _tagged(
        self, preprocess: Mapping[str, Any], policy: ErrorPolicy
    ) -> Callable[[Sequence[Document]], Iterator[Document]]:
        """Return the function that finds the entities of several documents at once."""
        find, link = cast(MentionFinder, self._finder).find, preprocess.get("link")
        checked = partial(self.check_document, type_map=preprocess.get("type_map"), policy=policy)
        return lambda plain: (with_identifiers(checked(document), link) for document in find(plain))

    def _completed(
        self, documents: Iterable[Document], preprocess: Mapping[str, Any], policy: ErrorPolicy
    ) -> Iterator[Document]:
        """Yield the documents, the plain ones with the entities that the tagger finds."""
        if self._finder is not None:
            documents = with_found(documents, self._tagged(preprocess, policy))
        for document in documents:
            if document.mentions and len({each for mention in document.mentions for each in mention.identifiers}) < 2:
                policy.note("documents with fewer than two different identifiers, in which nothing can be related")
            yield document


def _without_marks(document: Document) -> Document:
    """Return the document as one whose entities are still to be found."""
    plain = replace(document, mentions=(), relations=(), subject_lines=(), is_marked=False)
    check_encodable(plain)
    return plain


def pair_filter_of(parameters: Mapping[str, Any]) -> PairFilter:
    """Return the filter of candidate pairs that the parameters of a call ask for."""
    pair_types, entity_ids = parameters.get("pair_types"), parameters.get("entity_ids")
    return PairFilter(
        None if pair_types is None else frozenset(pair_types), None if entity_ids is None else IdentifierSet(entity_ids)
    )


def section_filter_of(parameters: Mapping[str, Any]) -> SectionFilter:
    """Return the filter of sections that the parameters of a call ask for."""
    return SectionFilter(parameters.get("sections"), parameters.get("skip_sections") or ())


def log_notes(
    policy: ErrorPolicy,
    pair_filter: PairFilter,
    section_filter: SectionFilter,
    relation_types: Sequence[str] | None,
    found: Collection[str],
) -> None:
    """Log what was read otherwise or left out in a call, and the values of filters that no document had."""
    for line in (*policy.summary(), *section_filter.notes(), *not_found(pair_filter, relation_types, found)):
        logger.warning("%s", line)


def not_found(pair_filter: PairFilter, relation_types: Sequence[str] | None, found: Collection[str]) -> Iterator[str]:
    """Yield a line for each kind of filter whose values no document had."""
    identifiers = pair_filter.entity_ids.missing() if pair_filter.entity_ids is not None else []
    if identifiers:
        yield f"entity_ids that no candidate pair of the documents has: {', '.join(identifiers)}"
    pair_types = sorted((pair_filter.pair_types or frozenset()) - pair_filter.found_types)
    if pair_types:
        yield f"pair_types that no document has: {', '.join('-'.join(pair) for pair in pair_types)}"
    relations = [kind for kind in relation_types or () if kind not in found]
    if relations:
        yield f"relation_types that were not found in any document: {', '.join(relations)}"
