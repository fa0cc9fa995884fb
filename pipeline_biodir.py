"""The pipeline: `pipeline("biomedical-relation-extraction")`."""

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers import AutoModel
from transformers.pipelines.base import Pipeline

from .configuration_biodir import TASK
from .errors_biodir import CheckpointError
from .pipeline_engine_biodir import Inputs, model_logits
from .pipeline_extraction_biodir import RelationExtraction
from .pipeline_parameters_biodir import check_loading
from .pipeline_tagging_biodir import MentionFinder

if TYPE_CHECKING:  # from a folder, transformers before 5.8 copies only files that this one names
    from .document_abbreviations_biodir import abbreviations  # noqa: F401
    from .document_bioc_biodir import to_document  # noqa: F401
    from .document_bioc_relations_biodir import relation_attempts  # noqa: F401
    from .document_biodir import Document  # noqa: F401
    from .document_candidates_biodir import CandidatePair  # noqa: F401
    from .document_grouping_biodir import with_grouped_mentions  # noqa: F401
    from .document_inputs_biodir import document_from_input  # noqa: F401
    from .document_json_biodir import is_collection  # noqa: F401
    from .document_mappings_biodir import mentions_of  # noqa: F401
    from .document_names_biodir import name_key  # noqa: F401
    from .document_offsets_biodir import cuts_word  # noqa: F401
    from .document_parts_biodir import IdentifierSet  # noqa: F401
    from .document_passages_biodir import text_and_passages  # noqa: F401
    from .document_pubtator_biodir import parse_document  # noqa: F401
    from .document_pubtator_lines_biodir import Line  # noqa: F401
    from .document_pubtator_relations_biodir import relations_of_rows  # noqa: F401
    from .document_results_biodir import names_subject  # noqa: F401
    from .document_sections_biodir import SectionFilter  # noqa: F401
    from .document_sentences_biodir import sentence_spans  # noqa: F401
    from .document_shapes_biodir import own_shape  # noqa: F401
    from .labels_biodir import TASKS  # noqa: F401
    from .pipeline_decoding_biodir import decode_pair  # noqa: F401
    from .pipeline_entities_biodir import linked  # noqa: F401
    from .pipeline_results_biodir import ResultWriter  # noqa: F401
    from .processing_biodir import make_processor  # noqa: F401
    from .processing_chunks_biodir import PairWindows  # noqa: F401
    from .processing_document_biodir import PAIRS_PER_PASS  # noqa: F401
    from .processing_pairwise_biodir import PairwiseFeatures  # noqa: F401
    from .processing_released_biodir import ReleasedProcessor  # noqa: F401
    from .processing_tagger_biodir import TaggerProcessor  # noqa: F401
    from .processing_tags_biodir import SOURCE  # noqa: F401
    from .processing_tokens_biodir import BaseProcessor  # noqa: F401
    from .processing_windows_biodir import WindowRuler  # noqa: F401

# The process that imported this module; a forked one has another number.
_IMPORTING_PROCESS = os.getpid()


class BioDirPipeline(RelationExtraction, Pipeline):
    """Relations between the entities of documents.

    A call takes a document and returns its result; or a list, data frame or array of documents and returns a list of
    results; or any other iterable (a generator, a `datasets.Dataset`) and returns an iterator, which reads no further
    ahead than one batch; on an accelerator two, in a thread. A document is a mapping ``{"id", "text" |
    "title"+"abstract" | "passages", "entities"}``, a PubTator string, a `Document`, or a plain text. Where nothing is
    marked, the entities are found by `ner` or by the tagger of the model; ``"entities": []`` says that there are none.
    The result of a document is a list of relations, highest score first:

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
        min_direction_score: relations with a lower `direction_score` are undirected, and have none.
        top_k: at most this many relations a document.
        return_all_scores: every candidate pair, related or not, with the score of every label under ``"scores"``.
        return_entities: the result is ``{"entities": [{"start", "end", "text", "type", "id", "score"}], "relations"}``;
            `id` is a list, `score` that of the tagger or `ner`, None for marked entities.
        batch_size: candidate pairs that go to the model together; by default as many as the token budget holds. Where
            it cuts a document, a model of the document form reads the text again.
        ner: for texts without entities: a callable, such as a token-classification pipeline, that takes a text
            and returns mappings with ``start``, ``end``, a type (``entity_group``, ``label`` or ``type``) and, where
            known, ``id`` and ``score``, or other keys of mentions of documents. It is used in place of the tagger.
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
        Pipeline.__init__(self, *args, **kwargs)
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
        self._prepares_ahead = self.device.type != "cpu"  # an accelerator leaves the CPU idle
        finder = mention_finder(self.model, self.tokenizer) if self.model.config.tagger_labels else None
        self._use_parts(self.tokenizer, finder)

    @property
    def config(self) -> Any:
        """The configuration of the model."""
        return self.model.config

    def __call__(self, inputs: Any, batch_size: int | None = None, num_workers: Any = None, **kwargs: Any) -> Any:
        use_one_thread_if_forked()
        return super().__call__(inputs, batch_size, num_workers, **kwargs)

    def forward(self, model_inputs: Any, **parameters: Any) -> Any:
        """Return task -> (batch, labels), computed as transformers does it: on the device, without gradients."""
        return Pipeline.forward(self, model_inputs, **parameters)

    def _forward(self, input_tensors: dict[str, Any], **parameters: Any) -> dict[str, Any]:
        return model_logits(self.model, input_tensors)


# Saving a pipeline that was loaded from the Hub keeps its code only where the class names itself here.
BioDirPipeline._registered_impl = {TASK: {"impl": BioDirPipeline, "pt": (AutoModel,)}}


def mention_finder(model: Any, tokenizer: Any) -> MentionFinder:
    """Return what finds the mentions of plain texts by the tagger of a model.

    Args:
        model: with `config.tagger_labels`.
        tokenizer: of the model.

    Raises:
        CheckpointError: the model has no tagger.
    """
    return MentionFinder(partial(word_logits, model), model.config, tokenizer)


@torch.no_grad()
def word_logits(model: Any, inputs: Inputs) -> np.ndarray:
    """Return (words, labels) of the tagger of a model, in float32."""
    logits: np.ndarray = model(**inputs).mention_logits.float().cpu().numpy()
    return logits


def enter_in_package(kind: type) -> None:
    """Make the module of a class an attribute of its package, as an import statement does.

    transformers loads the code of a checkpoint without that, and dill, by which the library datasets hashes a function
    that uses the pipeline, looks there.
    """
    package, _, name = kind.__module__.rpartition(".")
    if package in sys.modules and not hasattr(sys.modules[package], name):
        setattr(sys.modules[package], name, sys.modules[kind.__module__])


def use_one_thread_if_forked() -> None:
    """Compute with one thread in a forked process, such as one of `Dataset.map(num_proc=2)`.

    The threads of torch do not survive a fork: a process that forks after it has used them hangs on their next use.
    """
    if os.getpid() != _IMPORTING_PROCESS and torch.get_num_threads() > 1:
        torch.set_num_threads(1)
