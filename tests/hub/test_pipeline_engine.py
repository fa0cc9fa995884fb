"""The engine keeps the order of the documents, bounds what it holds, and asks each pair once."""

import itertools
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch

from biodir.document_biodir import Document
from biodir.pipeline_engine_biodir import DOCUMENTS_PER_BATCH, PAIR_TOKENS, PASSES_PER_BATCH, PairEngine
from biodir.processing_document_biodir import DocumentFeatures, WindowPair
from helpers.marked import pair_features

BUDGET = 10


class StubEncoder:
    """Passes in the order it is given, of two features each; inputs are the tokens of the features and their pairs."""

    def __init__(self) -> None:
        self.sizes: list[list[int]] = []

    def passes(self, features, token_budget) -> list[list[int]]:
        assert token_budget == BUDGET
        self.sizes.append([found.tokens for found in features])
        return [list(range(start, min(start + 2, len(features)))) for start in range(0, len(features), 2)]

    def collate(self, features) -> dict[str, torch.Tensor]:
        return {"tokens": torch.tensor([float(found.tokens) for found in features for _ in found.pairs])}


def run(inputs) -> dict[str, torch.Tensor]:
    """The logits of a pair are the tokens of its features."""
    return {"relation": inputs["tokens"].unsqueeze(-1)}


def engine(**settings) -> PairEngine:
    return PairEngine(run, StubEncoder(), BUDGET, **settings)


def documents(*sizes: list[int]) -> tuple[list[Document], dict[str, list]]:
    """Documents, and by their identifiers the features of pairs of so many tokens."""
    found = [Document(str(number), "x", ()) for number in range(len(sizes))]
    return found, {str(number): [pair_features(size) for size in of_one] for number, of_one in enumerate(sizes)}


def window_features(pairs: int) -> DocumentFeatures:
    question = WindowPair(pair_features(1).pair, (0,), (), False)
    return DocumentFeatures(((1, 2, 3),), (question,) * pairs, (), 0)


def kept(asked, logits) -> float:
    return logits["relation"][0]


@pytest.mark.parametrize("overlaps", [False, True])
def test_answers_stand_in_the_order_of_documents_and_pairs(overlaps):
    sizes = [[5, 90, 7], [], [200, 3], [], [1]]
    texts, features = documents(*sizes)
    answers = list(engine(overlaps=overlaps).answers(texts, lambda text: features[text.id], kept))
    assert [answer.document.id for answer in answers] == ["0", "1", "2", "3", "4"]
    assert [answer.kept for answer in answers] == [[float(size) for size in of_one] for of_one in sizes]


def test_pairs_that_the_decision_drops_are_not_kept():
    texts, features = documents([5, 6, 7])

    def decide(asked, logits) -> float | None:
        return kept(asked, logits) if kept(asked, logits) > 5 else None

    (answer,) = engine().answers(texts, lambda text: features[text.id], decide)
    assert answer.kept == [6.0, 7.0]


def test_features_run_largest_first():
    texts, features = documents([5, 90], [7, 30])
    tested = engine()
    list(tested.answers(texts, lambda text: features[text.id], kept))
    assert tested.encoder.sizes == [[90, 30, 7, 5]]


def test_no_more_is_read_than_fills_a_batch():
    size = BUDGET * PASSES_PER_BATCH // 4
    read = itertools.count()
    endless = (Document(str(number), "x", ()) for number in read)
    answers = engine().answers(endless, lambda text: [pair_features(size)], kept)
    assert next(answers).document.id == "0"
    assert next(read) == 4


def test_features_of_a_large_document_are_made_as_they_are_needed():
    made = itertools.count()

    def endless_features(_) -> Iterator:
        for _ in made:
            yield pair_features(BUDGET * PASSES_PER_BATCH)

    class Enough(Exception):
        pass

    def decide(asked, logits):
        if next(seen) == 2:
            raise Enough

    seen = itertools.count()
    with pytest.raises(Enough):
        list(engine().answers([Document("1", "x", ())], endless_features, decide))
    assert next(made) == 3


def test_documents_with_hardly_any_pairs_do_not_wait_for_ever():
    read = itertools.count()
    endless = (Document(str(number), "x", ()) for number in read)
    answers = engine().answers(endless, lambda text: [pair_features(1)] if text.id == "0" else [], kept)
    assert next(answers).kept == [1.0]
    assert next(read) == DOCUMENTS_PER_BATCH


@pytest.mark.parametrize("batch_size", [1, 2, 3, 7, 100])
def test_batch_size_cuts_features_of_many_pairs(batch_size):
    batches = []

    def counting(inputs):
        batches.append(len(inputs["tokens"]))
        return run(inputs)

    tested = PairEngine(counting, StubEncoder(), BUDGET)
    tested.encoder.passes = lambda features, budget: [list(range(len(features)))] if features else []
    (answer,) = tested.answers(
        [Document("1", "x", ())], lambda _: [window_features(5), window_features(4)], kept, batch_size
    )
    assert len(answer.kept) == 9
    full, rest = divmod(9, batch_size)
    assert batches == [batch_size] * full + ([rest] if rest else [])


@pytest.mark.parametrize("overlaps", [False, True])
def test_what_was_read_before_a_bad_document_is_answered_first(overlaps):
    texts, features = documents([5], [6])

    def failing() -> Iterator[Document]:
        yield from texts
        raise ValueError("bad document")

    answers = engine(overlaps=overlaps).answers(failing(), lambda text: features[text.id], kept)
    assert [next(answers).kept, next(answers).kept] == [[5.0], [6.0]]
    with pytest.raises(ValueError, match="bad document"):
        next(answers)


# A document whose features are made without trouble until they end in an error, and where: alone in its batch, behind
# another that waits in it, or with a batch of its own already answered.
FULL = BUDGET * PASSES_PER_BATCH


@pytest.mark.parametrize("overlaps", [False, True])
@pytest.mark.parametrize(
    ("before", "of_bad"),
    [([[5], [6, 7]], []), ([[5], [6, 7]], [8]), ([[5], []], [FULL, 8]), ([[FULL], [6]], [FULL, FULL, 1]), ([], [8])],
    ids=["at once", "after a pair", "after a batch", "after batches", "in the first document"],
)
def test_what_was_read_before_features_that_fail_is_answered_first(before, of_bad, overlaps):
    texts, features = documents(*before)
    bad, decided = Document("bad", "x", ()), []

    def features_of(text) -> Iterator:
        yield from features[text.id] if text is not bad else [pair_features(size) for size in of_bad]
        if text is bad:
            raise ValueError("bad document")

    def decide(asked, logits) -> float:
        decided.append(kept(asked, logits))
        return decided[-1]

    answers = engine(overlaps=overlaps).answers([*texts, bad, *texts], features_of, decide)
    found = list(itertools.islice(answers, len(texts)))
    assert [answer.document for answer in found] == texts
    assert [answer.kept for answer in found] == [[float(size) for size in of_one] for of_one in before]
    with pytest.raises(ValueError, match="bad document"):
        next(answers)
    # Of the bad document no pair was run but those that had filled a batch.
    assert sorted(decided) == sorted([*itertools.chain(*before), *[size for size in of_bad if size == FULL]])


def test_reader_that_stops_early_does_not_wait_for_the_next_batch():
    texts, features = documents([FULL], [FULL])
    is_over, ends = threading.Event(), []

    def features_of(text):
        if text.id == "1":
            ends.append(is_over.wait(timeout=10))
        return features[text.id]

    answers = engine(overlaps=True).answers(texts, features_of, kept)
    assert next(answers).kept == [float(FULL)]
    answers.close()
    assert ends == []
    is_over.set()


def test_overlap_prepares_the_next_batch_in_another_thread():
    threads = set()
    texts, features = documents(*[[BUDGET * PASSES_PER_BATCH]] * 3)

    def features_of(text):
        threads.add(threading.get_ident())
        return features[text.id]

    assert len(list(engine(overlaps=True).answers(texts, features_of, kept))) == 3
    assert threads
    assert threading.get_ident() not in threads


def test_logits_stand_in_the_order_of_the_pairs():
    features = [pair_features(5), window_features(2), pair_features(90)]
    assert [logits["relation"] for logits in engine().logits(features)] == [[5.0], [3.0], [3.0], [90.0]]
    assert engine().logits([]) == []


def test_logits_of_many_features_are_made_in_passes_of_bounded_size():
    sizes = [(7 * number) % 40 + 1 for number in range(300)]
    tested = engine()
    found = tested.logits([pair_features(size) for size in sizes])
    assert [logits["relation"] for logits in found] == [[float(size)] for size in sizes]
    made = tested.encoder.sizes
    assert len(made) > 20
    assert [size for some in made for size in some] == sorted(sizes, reverse=True)
    # As much as a batch of documents holds, and one more of the features.
    assert all(sum(some) < FULL + max(sizes) + some[-1] for some in made)
    assert all(sum(some) >= FULL for some in made[:-1])


def test_features_of_a_batch_stay_together_although_it_ends_beyond_its_budget():
    texts, features = documents([5], [FULL - 6, 5, 30])
    tested = engine()
    list(tested.answers(texts, lambda text: features[text.id], kept))
    assert tested.encoder.sizes[0] == [FULL - 6, 5, 5]
    texts, features = documents([5, 6, FULL - 12, 30])
    list(tested.answers(texts, lambda text: features[text.id], kept))
    assert [FULL - 12, 30, 6, 5] in tested.encoder.sizes


def test_pairs_without_tokens_of_their_own_fill_a_batch_too():
    read = itertools.count()
    endless = (Document(str(number), "x", ()) for number in read)
    pairs = FULL // PAIR_TOKENS // 2  # of which two documents fill a batch
    answers = engine().answers(endless, lambda text: [window_features(pairs)], kept)
    assert len(next(answers).kept) == pairs
    assert next(read) == 2


def test_progress_sees_every_pass():
    seen = []
    engine().logits([pair_features(1)] * 5, progress=lambda passes: seen.extend(passes) or iter(seen))
    assert [len(group) for group in seen] == [2, 2, 1]


def test_features_are_not_changed_by_a_run():
    features = window_features(2)
    before = replace(features)
    engine().logits([features])
    assert features == before
