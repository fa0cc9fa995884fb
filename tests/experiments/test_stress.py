"""The stress test: what its documents hold and where, and what it measures."""

import json
from collections import Counter

import pytest

from biodir.document_candidates_biodir import candidate_pairs
from biodir.document_sentences_biodir import SentenceIndex, sentence_spans
from biodir.labels_biodir import PAIR_TYPES
from experiments import stress_test
from experiments.results import read_table
from experiments.stress_documents import APART, END, MIDDLE, PLACES, START, TOGETHER, TOKENS_A_WORD, stress_documents
from experiments.stress_test import shares
from helpers.tiny_checkpoint import save_checkpoint

LENGTHS = (400, 1000)


@pytest.fixture(scope="module")
def documents():
    """Documents of two lengths, four cases a cell."""
    return list(stress_documents(LENGTHS, cases=4, seed=1))


def sentences_of(document):
    """For each sentence the identifiers that it mentions, and its text."""
    index = SentenceIndex(document)
    named = [set() for _ in sentence_spans(document)]
    for mention in document.mentions:
        named[index.sentence_of(mention)].update(mention.identifiers)
    return list(zip(named, (document.text[start:end] for start, end in sentence_spans(document)), strict=True))


def together(document) -> list[int]:
    """The numbers of the sentences that name both entities."""
    return [number for number, (named, _) in enumerate(sentences_of(document)) if len(named) == 2]


def test_documents_have_one_pair_and_the_given_length(documents):
    for document in documents:
        tokens, *_, kind = document.id.split("-")
        assert len(list(candidate_pairs(document.entities(), PAIR_TYPES))) == 1
        assert len(document.relations) == (kind == "evidence")
        assert int(tokens) - 45 < TOKENS_A_WORD * len(document.text.split()) <= int(tokens)


def test_evidence_is_where_the_cell_has_it(documents):
    for document in documents:
        _, layout, place, *_ = document.id.split("-")
        numbers = together(document)
        assert len(numbers) == (1 if layout == APART else 3)
        share = numbers[PLACES.index(place) if layout == TOGETHER else 0] / (len(sentences_of(document)) - 1)
        low, high = {START: (0, 0.1), MIDDLE: (0.35, 0.65), END: (1, 1)}[place]
        assert low <= share <= high


def test_twin_differs_only_in_the_evidence(documents):
    for evidence, twin in zip(documents[::2], documents[1::2], strict=True):
        assert evidence.id.replace("evidence", "neutral") == twin.id
        texts = [[text for _, text in sentences_of(each)] for each in (evidence, twin)]
        differing = [number for number, pair in enumerate(zip(*texts, strict=True)) if len(set(pair)) == 2]
        assert len(differing) == 1
        assert differing[0] in together(evidence)


def test_places_share_names_relation_and_filler(documents):
    by_case: dict = {}
    for document in documents[::2]:
        tokens, layout, _, number, _ = document.id.split("-")
        by_case.setdefault((tokens, layout, number), []).append(document)
    for same in by_case.values():
        assert len(same) == 3
        assert len({frozenset(Counter(document.text.split()).items()) for document in same}) == 1
        assert len({document.relations for document in same}) == 1


# What is measured.


def test_shares_are_those_of_the_documents_of_a_cell(documents):
    some = [each for each in documents if each.id.startswith("400-apart-") and END not in each.id]
    # With evidence 0.1, 0.2, 0.3, 0.4 by case; the twins at the start 0.25, and in the middle 0.05.
    scores = []
    for _, _, place, number, kind in (each.id.split("-") for each in some):
        is_related = place == START and (kind == "evidence" or number == "001")
        twin = {START: 0.25, MIDDLE: 0.05}[place]
        scores.append((is_related, 0.1 * (1 + int(number)) if kind == "evidence" else twin))
    assert shares(some, scores).to_dict("index") == {
        ("400", APART, START): dict(zip(MEASURES, (1.0, 0.25, 0.5, 0.5), strict=True)),
        ("400", APART, MIDDLE): dict(zip(MEASURES, (0.0, 0.0, 0.5, 1.0), strict=True)),
    }


MEASURES = ("recall", "false positives", "recall at 10 % false positives", "above twin")


def test_checkpoint_that_relates_everything_has_all_recall_and_all_false_positives(tmp_path, capsys):
    model = save_checkpoint(tmp_path)
    log = {"provenance": {"commit": "c0ffee0123"}, "settings": {"seed": 3, "encoder": "/models/bert"}}
    (model / "training.json").write_text(json.dumps(log))
    given = ["--models", f"all={model}", "--results", tmp_path / "results.csv"]
    stress_test.main([*map(str, given), "--lengths", "400", "--cases", "1", "--device", "cpu"])
    table = read_table(tmp_path / "results.csv")
    assert len(table) == 6 * len(MEASURES)
    assert set(table[table.measure.isin(MEASURES[:2])]["share"]) == {1.0}
    assert (table.variant[0], table.seed[0], table.encoder[0], table.commit[0]) == ("all", 3, "bert", "c0ffee0123")
    assert table.split[0] == "400 tokens, apart, start"
    assert "all, mean over lengths:" in capsys.readouterr().out
