"""The engine keeps the order of the documents, bounds what it holds, and runs each pair once."""

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import pytest
import torch

from biodir.document_biodir import Document
from biodir.document_candidates_biodir import candidate_pairs
from biodir.labels_biodir import CHEMICAL, DISEASE, GENE
from biodir.pipeline_engine_biodir import (
    DOCUMENTS_PER_BATCH,
    PAIR_TOKENS,
    PASSES_PER_BATCH,
    DocumentPart,
    PairFilter,
    batches,
    pair_logits,
    prepare,
    read_ahead,
    run,
)
from biodir.processing_document_biodir import DocumentFeatures, WindowPair
from helpers.marked import marked_document, pair_features

BUDGET = 10
FULL = BUDGET * PASSES_PER_BATCH


class StubProcessor:
    """Passes of two features each, in order; inputs are the tokens of the features of each pair."""

    def __init__(self, per_pass: int = 2) -> None:
        self.per_pass = per_pass
        self.sizes: list[list[int]] = []

    def passes(self, features, token_budget) -> list[list[int]]:
        assert token_budget == BUDGET
        self.sizes.append([found.tokens for found in features])
        places = range(len(features))
        return [list(places[start : start + self.per_pass]) for start in places[:: self.per_pass]]

    def collate(self, features) -> dict[str, np.ndarray]:
        return {"tokens": np.array([float(found.tokens) for found in features for _ in found.pairs])}


def forward(inputs) -> dict[str, torch.Tensor]:
    """The logits of a pair are the tokens of its features."""
    return {"relation": torch.from_numpy(inputs["tokens"]).unsqueeze(-1)}


def document(number: int) -> Document:
    return Document(str(number), "x", ())


def parts_of(documents: Iterable[Document], features_of: Callable[[Document], Iterable]) -> Iterator[DocumentPart]:
    for found in documents:
        for features in features_of(found):
            yield found, features
        yield found, None


def sized(*sizes: list[int]) -> Iterator[DocumentPart]:
    """Parts of documents 0, 1, ... with pairs of so many tokens."""
    return parts_of(map(document, range(len(sizes))), lambda found: map(pair_features, sizes[int(found.id)]))


def results(parts, overlaps=False, batch_size=None, processor=None) -> Iterator[tuple[str, list[float]]]:
    """Each document's identifier with the one logit of each pair."""
    prepared = prepare(batches(parts, BUDGET, batch_size), processor or StubProcessor(), BUDGET)
    found: list[float] = []
    for batch in read_ahead(prepared) if overlaps else prepared:
        for (document, features), logits in run(forward, batch):
            found += logits["relation"][:, 0].tolist() if logits else []
            if features is None:
                yield document.id, found
                found = []


def window_features(pairs: int) -> DocumentFeatures:
    scored = WindowPair(pair_features(1).pair, (0,), (), False)
    return DocumentFeatures(((1, 2, 3),), (scored,) * pairs, (), 0)


# Order and grouping.


@pytest.mark.parametrize("overlaps", [False, True])
@pytest.mark.parametrize("batch_size", [None, 1, 2])
def test_results_are_in_the_order_of_documents_and_pairs(overlaps, batch_size):
    sizes = [[5, 90, 7], [], [200, 3], [], [1]]
    expected = [(str(number), [float(size) for size in of_one]) for number, of_one in enumerate(sizes)]
    assert list(results(sized(*sizes), overlaps, batch_size)) == expected


def test_features_of_a_batch_are_not_divided_although_it_ends_beyond_its_budget():
    processor = StubProcessor()
    list(results(sized([5], [FULL - 6, 5, 30]), processor=processor))
    assert processor.sizes[0] == [FULL - 6, 5, 5]
    list(results(sized([5, 6, FULL - 12, 30]), processor=processor))
    assert [FULL - 12, 30, 6, 5] in processor.sizes


@pytest.mark.parametrize("batch_size", [1, 2, 3, 7, 100])
def test_batch_size_cuts_features_of_many_pairs(batch_size):
    seen = []

    class Counting(StubProcessor):
        def collate(self, features):
            inputs = super().collate(features)
            seen.append(len(inputs["tokens"]))
            return inputs

    parts = parts_of([document(1)], lambda _: [window_features(5), window_features(4)])
    ((_, found),) = results(parts, batch_size=batch_size, processor=Counting(per_pass=1000))
    assert len(found) == 9
    full, rest = divmod(9, batch_size)
    assert seen == [batch_size] * full + ([rest] if rest else [])


# Bounded reading.


def test_no_more_is_read_than_fills_a_batch():
    read = itertools.count()
    found = results(parts_of(map(document, read), lambda _: [pair_features(FULL // 4)]))
    assert next(found)[0] == "0"
    assert next(read) == 4


def test_features_of_a_large_document_are_made_when_they_are_needed():
    made = itertools.count()
    found = batches(parts_of([document(1)], lambda _: (pair_features(FULL) for _ in made)), BUDGET)
    assert [len(next(found)) for _ in range(3)] == [1, 1, 1]
    assert next(made) == 3


def test_documents_with_hardly_any_pairs_do_not_wait_for_ever():
    read = itertools.count()
    found = results(parts_of(map(document, read), lambda text: [pair_features(1)] if text.id == "0" else []))
    assert next(found) == ("0", [1.0])
    assert next(read) == DOCUMENTS_PER_BATCH


def test_pairs_without_tokens_of_their_own_fill_a_batch_too():
    read = itertools.count()
    pairs = FULL // PAIR_TOKENS // 2  # two documents fill a batch
    found = results(parts_of(map(document, read), lambda _: [window_features(pairs)]))
    assert len(next(found)[1]) == pairs
    assert next(read) == 2


# Errors of the source.


@pytest.mark.parametrize("overlaps", [False, True])
@pytest.mark.parametrize(
    ("before", "of_bad"),
    [([[5], [6, 7]], []), ([[5], [6, 7]], [8]), ([[5], []], [FULL, 8]), ([[FULL], [6]], [FULL, FULL, 1]), ([], [8])],
    ids=["at once", "after a pair", "after a batch", "after batches", "in the first document"],
)
def test_complete_documents_get_their_results_before_the_error_of_a_bad_one(before, of_bad, overlaps):
    def failing() -> Iterator[DocumentPart]:
        yield from sized(*before)
        yield from ((document(99), pair_features(size)) for size in of_bad)
        raise ValueError("bad document")

    processor = StubProcessor()
    found = results(failing(), overlaps, processor=processor)
    expected = [(str(number), [float(size) for size in of_one]) for number, of_one in enumerate(before)]
    assert list(itertools.islice(found, len(before))) == expected
    with pytest.raises(ValueError, match="bad document"):
        next(found)
    # Of the bad document only the pairs that had filled a batch were run.
    ran = [size for some in processor.sizes for size in some]
    assert sorted(ran) == sorted([*itertools.chain(*before), *[size for size in of_bad if size == FULL]])


# Reading ahead.


def test_caller_that_stops_early_does_not_wait_for_the_next_batch():
    is_over, ends = threading.Event(), []

    def features_of(found):
        if found.id == "1":
            ends.append(is_over.wait(timeout=10))
        return [pair_features(FULL)]

    found = results(parts_of(map(document, range(2)), features_of), overlaps=True)
    assert next(found) == ("0", [float(FULL)])
    found.close()
    assert ends == []
    is_over.set()


def test_next_batch_is_prepared_in_another_thread():
    threads = set()

    def features_of(_):
        threads.add(threading.get_ident())
        return [pair_features(FULL)]

    assert len(list(results(parts_of(map(document, range(3)), features_of), overlaps=True))) == 3
    assert threads
    assert threading.get_ident() not in threads


# Logits of given features.


def test_logits_come_in_the_order_of_the_features_whatever_their_passes():
    sizes = [(7 * number) % 40 + 1 for number in range(300)]
    processor = StubProcessor()
    found = pair_logits(forward, [pair_features(size) for size in sizes], processor, BUDGET)
    assert [logits["relation"] for logits in found] == [[float(size)] for size in sizes]
    assert processor.sizes == [sorted(sizes, reverse=True)]


# Which pairs are scored.


def test_filter_selects_pairs_by_types_and_identifiers():
    text = marked_document("<C:D1 Aspirin> cures <D:D2 pain>. Through the <G:3 gene> comes <D:D2 pain>.")
    pairs = list(candidate_pairs(text.entities(), [(CHEMICAL, DISEASE), (CHEMICAL, GENE), (DISEASE, GENE)]))

    def selected(**settings) -> set[frozenset[str]]:
        found = PairFilter(**settings).select(pairs)
        return {frozenset((pair.entity1.identifier, pair.entity2.identifier)) for pair in found}

    assert selected() == {frozenset("D1 D2".split()), frozenset("D1 3".split()), frozenset("D2 3".split())}
    assert selected(pair_types=frozenset({(DISEASE, GENE)})) == {frozenset("D2 3".split())}
    assert selected(pair_types=frozenset()) == set()
    assert selected(entity_ids=frozenset({"D1"})) == {frozenset("D1 D2".split()), frozenset("D1 3".split())}
    assert selected(entity_ids=frozenset({"3"}), pair_types=frozenset({(CHEMICAL, DISEASE)})) == set()
