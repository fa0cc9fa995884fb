"""The pipeline: `pipeline("biomedical-relation-extraction")`."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from transformers import AutoModel
from transformers.pipelines.base import Pipeline

from .configuration_biodir import TASK
from .document_biodir import Document
from .document_candidates_biodir import candidate_pairs
from .document_inputs_biodir import document_from_input, is_one_document, iterate_inputs, with_known_types
from .document_parts_biodir import IdentifierSet
from .document_sections_biodir import SectionFilter
from .errors_biodir import STRICT, CheckpointError, ErrorPolicy, SettingError, suggestion
from .labels_biodir import NOVELTY_LABELS
from .pipeline_decoding_biodir import DecodingRule, PairDecision, decode_pair
from .pipeline_engine_biodir import (
    PairFilter,
    PreparedBatch,
    batches,
    document_parts,
    enter_in_package,
    model_logits,
    prepare,
    read_ahead,
    run,
    use_one_thread_if_forked,
)
from .pipeline_entities_biodir import Linker, linked, with_found, with_identifiers, with_recognised
from .pipeline_parameters_biodir import as_list, check_loading, check_names, check_numbers, named_pair
from .pipeline_results_biodir import ResultWriter
from .pipeline_tagging_biodir import MentionFinder
from .processing_biodir import ScoredPair, make_processor

if TYPE_CHECKING:  # from a folder, transformers before 5.8 copies only files that this one names
    from .document_abbreviations_biodir import abbreviations  # noqa: F401
    from .document_bioc_biodir import to_document  # noqa: F401
    from .document_bioc_relations_biodir import relation_attempts  # noqa: F401
    from .document_grouping_biodir import with_grouped_mentions  # noqa: F401
    from .document_json_biodir import is_collection  # noqa: F401
    from .document_mappings_biodir import mentions_of  # noqa: F401
    from .document_names_biodir import name_key  # noqa: F401
    from .document_offsets_biodir import cuts_word  # noqa: F401
    from .document_pubtator_biodir import VARIANT_TYPES  # noqa: F401
    from .document_pubtator_lines_biodir import Line  # noqa: F401
    from .document_sentences_biodir import sentence_spans  # noqa: F401
    from .document_shapes_biodir import own_shape  # noqa: F401
    from .processing_chunks_biodir import PairWindows  # noqa: F401
    from .processing_document_biodir import PAIRS_PER_PASS  # noqa: F401
    from .processing_pairwise_biodir import PairwiseFeatures  # noqa: F401
    from .processing_tagger_biodir import TaggerProcessor  # noqa: F401
    from .processing_tags_biodir import SOURCE  # noqa: F401
    from .processing_tokens_biodir import BaseProcessor  # noqa: F401
    from .processing_windows_biodir import WindowRuler  # noqa: F401

logger = logging.getLogger(__name__)

FILTERS = ("pair_types", "entity_ids", "sections", "skip_sections")
PREPROCESS_PARAMETERS = (*FILTERS, "ner", "link", "type_map", "offsets")
CHOICES = ("threshold", "relation_types", "novel_only", "directed_only", "top_k")
POSTPROCESS_PARAMETERS = (*CHOICES, "return_all_scores", "return_entities", "offsets")
LIST_PARAMETERS = ("relation_types", "pair_types", "entity_ids", "sections", "skip_sections")


class BioDirPipeline(Pipeline):
    """Relations between the entities of documents.

    A call takes a document and returns its result; or a list of documents and returns a list of results; or any other
    iterable (a generator, a `datasets.Dataset`) and returns an iterator, which reads no further ahead than one batch;
    on an accelerator two, in a thread. A document is a mapping ``{"id", "text" | "title"+"abstract" | "passages",
    "entities"}``, a PubTator string, a `Document`, or a plain text. Where nothing is marked, the entities are found by
    `ner` or by the tagger of the model; ``"entities": []`` says that there are none. The result of a document is a list
    of relations, highest score first:

        {"subject": {"id", "type", "text"}, "object": {...}, "relation", "directed", "novelty",
         "score", "relation_score", "novelty_score", "direction_score",
         "evidence": [{"start", "end", "text"}], "cross_window"}

    Scores lie in 0..1; `score` is the product of the others. Where `directed` is False, the order of subject and object
    has no meaning. `evidence` are the sentences of the two closest mentions; `cross_window` is True where these are too
    far apart to be read together.

    Each argument can be given to the constructor or to a call.

    Args:
        threshold: relations with a lower `score` are left out.
        relation_types: only relations of these types.
        pair_types: only pairs of these entity types, as pairs of names without order; the names that documents may
            use, such as PubTator's ``Gene``, are understood.
        entity_ids: only pairs in which at least one entity has one of these identifiers.
        sections: only these sections of articles are read, by PMC's names without regard to case, such as "RESULTS";
            by default all but references, with "all" these, too.
        skip_sections: sections that are not read in any case.
        novel_only: only relations that are new in their document; needs a model with novelty.
        directed_only: only relations with a direction; needs a model with directions.
        top_k: at most this many relations a document.
        return_all_scores: every candidate pair, related or not, with the score of every label under ``"scores"``.
        return_entities: the result is ``{"entities": [{"start", "end", "text", "type", "id", "score"}], "relations"}``;
            `id` is a list, `score` that of the tagger or `ner`, None for marked entities.
        batch_size: candidate pairs that go to the model together; by default as many as the token budget holds. Where
            it cuts a document, a model of the document form reads the text again.
        ner: for texts without entities: a callable, such as a token-classification pipeline, that takes a text
            and returns mappings with ``start``, ``end``, a type (``entity_group``, ``entity`` or ``type``) and, where
            known, ``id`` and ``score``. It is used in place of the tagger.
        link: a callable that takes a `Document` and returns it with identifiers, such as a dictionary; it sees every
            document, and mentions that the tagger or `ner` found before they are grouped by their texts.
        type_map: other names of entity types -> names that the model or PubTator knows; None leaves such mentions out.
        offsets: what the offsets of documents and results count: "characters" (default), "utf-16" or "bytes".

    Raises:
        BioDirError: a parameter or a document is not as described. In a list, all documents are checked before the
            model runs; an iterator gives the results of all documents before the bad one first.

    With a `document` of two entities, a `model` and its `tokenizer`:

    >>> extract = BioDirPipeline(model=model, tokenizer=tokenizer)
    >>> [result] = extract(document, return_all_scores=True)
    >>> {result["subject"]["text"], result["object"]["text"]} == {"Iron", "EGFR"}
    True
    >>> list(result["scores"]["direction"])
    ['None', 'Left_to_Right', 'Right_to_Left', 'No_Direct']
    """

    _load_tokenizer = True
    _load_processor = False
    _load_image_processor = False
    _load_video_processor = False
    _load_feature_extractor = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._preprocess_params: dict[str, Any] = {}  # read while the constructor's own parameters are checked
        super().__init__(*args, **kwargs)
        if self.tokenizer is None:
            raise CheckpointError("the model folder has no tokenizer; save the tokenizer beside the model")
        rows = self.model.get_input_embeddings().num_embeddings
        if len(self.tokenizer) > rows:
            raise CheckpointError(
                f"tokenizer.json has {len(self.tokenizer)} tokens but the model's embeddings have {rows} rows; "
                "take both from one checkpoint"
            )
        check_loading(self._batch_size, self._num_workers)
        for part in (self, self.model, self.model.config):
            enter_in_package(type(part))
        self.model.eval()  # a model that was just trained would use dropout
        # A model may have a tagger and nothing else.
        self._processor: Any = make_processor(self.tokenizer, self.model.config) if self.model.config.tasks else None
        self._rule = DecodingRule.from_config(self.model.config)
        self._finder = MentionFinder(self.model, self.tokenizer) if self.has_tagger else None

    def __call__(self, inputs: Any, batch_size: int | None = None, num_workers: Any = None, **kwargs: Any) -> Any:
        preprocess, _, postprocess = self._sanitize_parameters(**kwargs)
        batch_size = self._batch_size if batch_size is None else batch_size
        preprocess = {"batch_size": batch_size, **self._preprocess_params, **preprocess}
        postprocess = {**self._postprocess_params, **postprocess}
        check_loading(batch_size, num_workers)
        use_one_thread_if_forked()
        one = is_one_document(inputs)
        values = [inputs] if one else iterate_inputs(inputs)
        policy = self._policy(preprocess)
        documents: Any = (self._to_document(value, index, preprocess, policy) for index, value in enumerate(values))
        if one or isinstance(inputs, (list, tuple)):
            documents = list(documents)  # all are checked before the model runs
            results = list(self._results(documents, preprocess, postprocess, policy))
            return results[0] if one else results
        return self._results(documents, preprocess, postprocess, policy)

    def find_entities(self, documents: Iterable[Any], link: Linker | None = None) -> Iterator[Document]:
        """Yield the documents with the entities that the tagger of the model finds, in place of those that they have.

        A document is what a call takes: a text, a mapping, a PubTator string or a `Document`.

        Each mention has a score, and an identifier: by `link` (see the class; by default that of the constructor), or
        that of all mentions with the same name. A few documents are read ahead. No relation is kept.

        Raises:
            CheckpointError: the model has no tagger.
        """
        if self._finder is None:
            raise CheckpointError("the model finds no entities; mark them, or take a checkpoint with a tagger")
        link = link or self._preprocess_params.get("link")
        read = (each if hasattr(each, "mentions") else self.read_document(each, n) for n, each in enumerate(documents))
        plain = (replace(each, mentions=(), relations=(), subject_lines=(), is_marked=False) for each in read)
        yield from with_found(plain, self._tagged(link))

    def with_entities(self, documents: Iterable[Any], **parameters: Any) -> Iterator[Document]:
        """Yield the documents of inputs as a call with these parameters relates them: what is plain with its entities.

        Plain documents are tagged together, so a few are read ahead. A call on what is yielded finds no entities; with
        ``link=keep_identifiers`` it does not apply the constructor's `link` again. What the call reads in another way
        than it is written, only the call logs.

        Raises:
            BioDirError: a parameter or a document is not as described.
        """
        preprocess, _, _ = self._sanitize_parameters(**parameters)
        preprocess = {**self._preprocess_params, **preprocess}
        policy = self._policy(preprocess)
        read = (self._to_document(value, index, preprocess, policy) for index, value in enumerate(documents))
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
        pair_filter, section_filter = _pair_filter(preprocess), _section_filter(preprocess)
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
                for scored, of_pair in zip(pairs, logits, strict=True):
                    decision = decode_pair(scored.pair, of_pair, self._rule)
                    if decision.is_related or keep_unrelated:
                        decided.append((scored, decision if keep_unrelated else decision.without_scores()))
        missing = _not_found(pair_filter, postprocess.get("relation_types"), found_relations)
        for line in (*policy.summary(), *section_filter.notes(), *missing):
            logger.warning("%s", line)

    @property
    def has_tagger(self) -> bool:
        """Whether the model finds entities itself."""
        return bool(self.model.config.tagger_labels)

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
        return with_known_types(document, self.model.config.entity_types, self._type_names(type_map), policy)

    def _policy(self, preprocess: Mapping[str, Any]) -> ErrorPolicy:
        """Return how the inputs of a call with these parameters are read."""
        finds_entities = self.has_tagger or preprocess.get("ner") is not None
        return ErrorPolicy(offsets=preprocess.get("offsets", "characters"), finds_entities=finds_entities)

    def _type_names(self, type_map: Mapping[str, str | None] | None) -> dict[str, str | None]:
        """Return other names of entity types -> the model's: of the model, and of the call or else the constructor."""
        given = self._preprocess_params.get("type_map", {}) if type_map is None else type_map
        return {**self.model.config.type_map, **given}

    def read_document(self, value: Any, index: int = 0, **parameters: Any) -> Document:
        """Return the document of an input, as a call with these parameters reads it.

        Args:
            value: a mapping, a PubTator string or a `Document`.
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
        read = _section_filter(preprocess).read(document)
        pairs = candidate_pairs(read.entities(), self.model.config.pair_types)
        return read, sum(1 for _ in _pair_filter(preprocess).select(pairs))

    def _sanitize_parameters(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        known = (*PREPROCESS_PARAMETERS, *POSTPROCESS_PARAMETERS)
        for name in kwargs:
            if name not in known:
                raise SettingError(f"unknown parameter {name!r}; {suggestion(name, (*known, 'batch_size'))}")
        given = {name: value for name, value in kwargs.items() if value is not None}
        given |= {name: as_list(name, given[name]) for name in LIST_PARAMETERS if name in given}
        check_numbers(given)
        check_names(given, self.model.config)
        if "pair_types" in given:
            names = self._type_names(given.get("type_map"))
            given["pair_types"] = frozenset(named_pair(each, self.model.config, names) for each in given["pair_types"])
        if "entity_ids" in given:
            given["entity_ids"] = frozenset(given["entity_ids"])
        preprocess = {name: given[name] for name in PREPROCESS_PARAMETERS if name in given}
        postprocess = {name: given[name] for name in POSTPROCESS_PARAMETERS if name in given}
        return preprocess, {}, postprocess

    def preprocess(self, input_: Iterable[Document], **parameters: Any) -> Iterator[PreparedBatch]:
        """Yield the batches of documents with the inputs of the model."""
        pair_filter = parameters.get("pair_filter") or _pair_filter(parameters)
        token_budget = self.model.config.token_budget
        if self._processor is None:
            yield from (([(document, None)], []) for document in input_)
            return
        section_filter = parameters.get("section_filter") or _section_filter(parameters)
        parts = document_parts(input_, self._processor, pair_filter, section_filter)
        prepared = prepare(batches(parts, token_budget, parameters.get("batch_size")), self._processor, token_budget)
        # A CPU that computes the model has no time to spare; an accelerator leaves the CPU idle.
        yield from prepared if self.device.type == "cpu" else read_ahead(prepared)

    def _forward(self, input_tensors: dict[str, Any], **parameters: Any) -> dict[str, Any]:
        return model_logits(self.model, input_tensors)

    def postprocess(
        self, model_outputs: tuple[Document, Sequence[tuple[ScoredPair, PairDecision]]], **parameters: Any
    ) -> Any:
        """Return the result of a document as JSON-ready data: its relations, or with `return_entities` both."""
        document, decided = model_outputs
        relation_types = parameters.get("relation_types")
        everything = parameters.get("return_all_scores", False)
        threshold = parameters.get("threshold", 0.0)
        writer = ResultWriter(
            document, parameters.get("offsets", "characters"), self._rule.labels if everything else None
        )
        relations = writer.relations(
            (scored, decision)
            for scored, decision in decided
            if (everything or (decision.is_related and decision.score >= threshold))
            and (relation_types is None or decision.relation_type in relation_types)
            and (decision.novelty == NOVELTY_LABELS[1] or not parameters.get("novel_only"))
            and (decision.directed or not parameters.get("directed_only"))
        )[: parameters.get("top_k")]
        return (
            {"entities": writer.entities(), "relations": relations} if parameters.get("return_entities") else relations
        )

    def _to_document(self, value: Any, index: int, preprocess: Mapping[str, Any], policy: ErrorPolicy) -> Document:
        document = document_from_input(value, index, self.model.config.entity_types, policy)
        is_found = document.is_plain and preprocess.get("ner") is not None
        if is_found:
            document = with_recognised(document, preprocess["ner"])
        document = self.check_document(document, preprocess.get("type_map"), policy)
        _section_filter(preprocess).check(document)
        link = preprocess.get("link")
        if is_found:
            return with_identifiers(document, link)
        return document if link is None or document.is_plain else linked(document, link)

    def _tagged(self, link: Linker | None) -> Callable[[Sequence[Document]], Iterator[Document]]:
        """Return the function that finds the entities of several documents at once."""
        find = cast(MentionFinder, self._finder).find
        return lambda plain: (with_identifiers(document, link) for document in find(plain))

    def _completed(
        self, documents: Iterable[Document], preprocess: Mapping[str, Any], policy: ErrorPolicy
    ) -> Iterator[Document]:
        """Yield the documents, the plain ones with the entities that the tagger finds."""
        if self._finder is not None:
            documents = with_found(documents, self._tagged(preprocess.get("link")))
        for document in documents:
            if document.mentions and len({each for mention in document.mentions for each in mention.identifiers}) < 2:
                policy.note("documents with fewer than two different identifiers, in which nothing can be related")
            yield document


# Saving a pipeline that was loaded from the Hub keeps its code only where the class names itself here.
BioDirPipeline._registered_impl = {TASK: {"impl": BioDirPipeline, "pt": (AutoModel,)}}


def _pair_filter(parameters: Mapping[str, Any]) -> PairFilter:
    pair_types, entity_ids = parameters.get("pair_types"), parameters.get("entity_ids")
    return PairFilter(
        None if pair_types is None else frozenset(pair_types), None if entity_ids is None else IdentifierSet(entity_ids)
    )


def _section_filter(parameters: Mapping[str, Any]) -> SectionFilter:
    return SectionFilter(parameters.get("sections"), parameters.get("skip_sections") or ())


def _not_found(pair_filter: PairFilter, relation_types: Sequence[str] | None, found: Collection[str]) -> Iterator[str]:
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
