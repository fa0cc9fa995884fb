"""Logits of all candidate pairs of documents, and what a rule makes of them."""

from functools import partial
from types import SimpleNamespace

import torch

from biodir.document_biodir import Relation
from biodir.evaluation.model_scores import decoded_documents, pair_logits, processed_documents
from biodir.labels_biodir import DIRECTION_LABELS, NOVELTY_LABELS, RELATION_LABELS
from biodir.pipeline_decoding_biodir import DecodingRule
from biodir.pipeline_engine_biodir import model_logits
from biodir.processing_document_biodir import DocumentProcessor
from helpers.marked import encoding_settings, make_processor, marked_document, word_piece_tokenizer

LABELS = {"relation": list(RELATION_LABELS), "novelty": list(NOVELTY_LABELS), "direction": list(DIRECTION_LABELS)}
RULE = DecodingRule(LABELS, generic_relation="Association", relation_threshold=0.5, none_bias=0.0)
BIND = Relation("Bind", "2", "1", "No", "2")
DOCUMENT = marked_document("<C:1 Iron> binds <G:2 it>. <D:3 Pain> is.", relations=(BIND,))


class EchoOfPairs:
    """A model whose relation logits count the pairs of a batch, and show how many windows it has."""

    device = torch.device("cpu")
    config = SimpleNamespace(tasks=("relation", "novelty"))

    def __call__(self, input_ids, pair_type_ids, **inputs):
        count = torch.arange(len(pair_type_ids)).unsqueeze(1) + 10.0 * len(input_ids)
        return {"relation_logits": count, "novelty_logits": -count, "direction_logits": None}


def test_logits_of_windows_come_in_the_order_of_documents_and_pairs():
    smaller = marked_document("<C:1 Iron> binds <G:2 it>.", id="8")
    processor = DocumentProcessor(word_piece_tokenizer(), encoding_settings(pair_encoding="document"))
    data = processed_documents([smaller, DOCUMENT], processor)
    found = pair_logits(partial(model_logits, EchoOfPairs()), data, processor, token_budget=10**6)
    # The larger document is the first of the batch.
    assert [logits["relation"] for logits in found] == [[23.0], [20.0], [21.0], [22.0]]


def test_concept_with_two_types_has_one_relation_with_another_concept():
    twice = marked_document("<C:1 Iron> binds <G:2 it>, <D:2 the> end.")
    data = processed_documents([twice], make_processor())
    assert len(data.features[0]) == 2
    weak = {"relation": [1.0, -5, 2, -5, -5, -5, -5, -5, -5], "novelty": [0.0, 1, 2], "direction": [0.0, 1, 2, 0]}
    strong = {**weak, "relation": [1.0, -5, 3, -5, -5, -5, -5, -5, -5]}
    (document,) = decoded_documents(data, [weak, strong], RULE)
    assert len(document.relations) == 1
    assert document.relations[0].relation_score > 0.95
