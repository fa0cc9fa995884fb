"""Mentions are scored by span and type: counts by hand, names of types, gold's peculiarities, texts that differ."""

from dataclasses import replace

import pytest

from biodir.document_biodir import Document, Mention
from biodir.errors_biodir import AnnotationError
from biodir.evaluation.checks import compared_documents
from biodir.evaluation.mentions import check_mentions, mention_counts, unfound_types, with_shared_types
from biodir.labels_biodir import CHEMICAL, DISEASE, GENE
from helpers.marked import marked_document


def counts(gold, predicted):
    """Entity type -> (tp, fp, fn) of one marked text against another one."""
    pairs = compared_documents([marked_document(gold)], [marked_document(predicted)])
    (found,) = mention_counts(pairs)
    return {kind: (each.tp, each.fp, each.fn) for kind, each in found.items()}


def with_types(*names):
    """A document with one mention of each of the types."""
    text = " ".join("x" * len(names))
    mentions = (Mention(2 * place, 2 * place + 1, "x", name) for place, name in enumerate(names))
    return Document("7", text, tuple(mentions))


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ("<C:1 iron> hurts <D:2 it>", "<C:1 iron> hurts <D:2 it>", {CHEMICAL: (1, 0, 0), DISEASE: (1, 0, 0)}),
        ("<C:1 iron> hurts it", "<C:x iron> hurts it", {CHEMICAL: (1, 0, 0)}),  # identifiers do not count
        ("<C:- iron> hurts it", "<C:x iron> hurts it", {CHEMICAL: (1, 0, 0)}),
        ("<C:1 iron> hurts it", "<C:1 iron hurts> it", {CHEMICAL: (0, 1, 1)}),  # a wrong span
        ("<C:1 iron> hurts it", "<G:1 iron> hurts it", {CHEMICAL: (0, 0, 1), GENE: (0, 1, 0)}),  # a wrong type
        ("<C:1 iron> hurts it", "iron hurts it", {CHEMICAL: (0, 0, 1)}),
        ("iron hurts it", "iron hurts it", {}),
        ("<C:1 <C:2 iron>> hurts it", "<C:1 iron> hurts it", {CHEMICAL: (1, 0, 0)}),  # gold gives a mention twice
        ("<C:1;2 iron> hurts it", "<C:1 iron> hurts it", {CHEMICAL: (1, 0, 0)}),
        ("<C:1 <C:2 iron> hurts> it", "<C:1 iron> hurts it", {CHEMICAL: (1, 0, 1)}),  # nested mentions count each
        ("<C:1 <G:2 iron>> hurts it", "<G:2 iron> hurts it", {CHEMICAL: (0, 0, 1), GENE: (1, 0, 0)}),
    ],
)
def test_mention_is_right_where_span_and_type_agree(gold, predicted, expected):
    assert counts(gold, predicted) == expected


def test_crossing_mentions_count_each():
    gold = Document("7", "a b c", (Mention(0, 3, "a b", GENE), Mention(2, 5, "b c", GENE)))
    (found,) = mention_counts(compared_documents([gold], [replace(gold, mentions=gold.mentions[1:])]))
    assert (found[GENE].tp, found[GENE].fn) == (1, 1)


def test_mentions_of_documents_that_the_predictions_lack_are_missed():
    pairs = compared_documents([marked_document("<C:1 iron>", id=name) for name in "12"], [])
    assert [each[CHEMICAL].fn for each in mention_counts(pairs)] == [1, 1]


@pytest.mark.parametrize(
    ("gold", "predicted", "names"),
    [
        (["Gene"], [GENE], [GENE, GENE]),
        ([GENE], ["protein"], [GENE, GENE]),
        (["SNP", "DNAMutation"], ["SequenceVariant", "SNP"], ["SequenceVariant"] * 4),
        (["Drug", "Chemical"], ["Chemical", "Drug"], ["Drug", "Chemical", "Chemical", "Drug"]),  # both keep them apart
        (["Drug", "Chemical"], ["Drug", "Drug"], ["Drug", "Chemical", "Drug", "Drug"]),
        (["Chemical", "Tissue"], ["Drug", "tissue"], [CHEMICAL, "Tissue", CHEMICAL, "tissue"]),
    ],
)
def test_types_of_other_names_are_shared(gold, predicted, names):
    (first,), (second,) = with_shared_types([with_types(*gold)], [with_types(*predicted)])
    assert [mention.entity_type for mention in (*first.mentions, *second.mentions)] == names


def test_types_that_no_prediction_can_have_are_counted():
    gold, predicted = marked_document("<C:1 iron> <G:2 EGFR> <G:3 <G:4 her2>>"), marked_document("iron <D:1 EGFR> her2")
    pairs = compared_documents([gold], [predicted])
    assert unfound_types(pairs) == {CHEMICAL: 1, GENE: 2}
    assert unfound_types(pairs, [CHEMICAL, DISEASE]) == {GENE: 2}


def test_mentions_of_another_text_and_no_mentions_are_refused():
    gold = marked_document("<C:1 iron> falls")
    check_mentions([gold], [gold])
    check_mentions([gold], [gold, replace(gold, text="", mentions=())])
    check_mentions([gold], [replace(gold, mentions=())])  # a system may find nothing
    with pytest.raises(AnnotationError, match=r"the predictions hold no mention, .* give documents with mentions"):
        check_mentions([gold], [replace(gold, text="", mentions=())])
    with pytest.raises(AnnotationError, match=r"mention 0: \[0, 4\) is 'zinc', but in gold's text 'iron'; give"):
        check_mentions([gold], [marked_document("<C:1 zinc> falls")])
