"""Examples: of the same types, with similar words, never the document itself."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from biodir.document_biodir import Relation
from biodir.document_candidates_biodir import candidate_pairs
from biodir.errors_biodir import AnnotationError
from biodir.evaluation.predictions import read_gold
from biodir.labels_biodir import PAIR_TYPES
from biodir.llm.answers import checked
from biodir.llm.examples import ExampleChooser
from biodir.llm.questions import questions_of
from helpers.marked import marked_document


def document(name: str, text: str, *relations: Relation):
    return replace(marked_document(text, id=name), relations=relations)


BIND = Relation("Bind", "D1", "1956", "Novel", "D1")
HARM = Relation("Association", "D1", "D2", "No")
TRAINING = [
    document("binding", "<C:D1 Iron> binds <G:1956 EGFR> strongly.", BIND),
    document("other", "<C:D1 Iron> fell; <G:1956 EGFR> was measured elsewhere."),
    document(
        "disease",
        "<C:D1 Iron> binds nothing strongly but harms the <D:D2 liver>.",
        Relation("Association", "D1", "D2", "No"),
    ),
    document("mixed", "<C:D1 Iron> binds <G:1956 EGFR>, and <C:D5 zinc> does not.", BIND),
]


def asked(text: str, unit: str = "document", name: str = "asked"):
    found = marked_document(text, id=name)
    return questions_of(found, list(candidate_pairs(found.entities(), PAIR_TYPES)), unit, reasons=False)[0]


def names(question, number: int, training=TRAINING) -> list[str]:
    return [example.document.id for example, _ in ExampleChooser(training, number).examples(question)]


def test_the_most_similar_comes_last_and_types_count_as_words_do():
    assert names(asked("<C:D7 Zinc> binds <G:5 TP53> strongly."), 3) == ["other", "mixed", "binding"]
    assert names(asked("<C:D7 Zinc> harms the <D:D9 heart>."), 1) == ["disease"]
    assert names(asked("<C:D7 Zinc> was measured with <G:5 TP53>."), 1) == ["other"]


def test_the_document_itself_is_no_example():
    text = "<C:D1 Iron> binds <G:1956 EGFR> strongly."
    assert "binding" not in names(asked(text, name="binding"), 4)
    assert "binding" not in names(asked(text, name="same text"), 4)


def test_a_pair_gets_pairs_of_its_types_of_which_about_half_are_related():
    question = asked("<C:D7 Zinc> binds <G:5 TP53> strongly.", "pair")
    examples = ExampleChooser(TRAINING, 3).examples(question)
    assert [(each.document.id, len(statements)) for each, statements in examples] == [
        ("mixed", 0),
        ("mixed", 1),
        ("binding", 1),
    ]
    assert {each.pairs[0].pair_type_id for each, _ in examples} == {question.pairs[0].pair_type_id}
    assert {len(each.pairs) for each, _ in examples} == {1}


def test_relations_without_novelty_are_no_examples():
    bad = document("bad", "<C:D1 Iron> binds <G:1956 EGFR>.", Relation("Bind", "D1", "1956"))
    with pytest.raises(AnnotationError, match="document bad: the novelty of a relation is None; examples need"):
        ExampleChooser([bad], 1)


@pytest.mark.corpus
@pytest.mark.parametrize("unit", ["document", "pair"])
def test_answers_of_the_training_corpus_are_right_answers(data_dir, unit):
    gold = read_gold(Path(data_dir, "bioredirect", "bioredirect_train.pubtator"))[:60]
    chooser = ExampleChooser(gold, 4)
    stated = 0
    for each in gold[:10]:
        pairs = list(candidate_pairs(each.entities(), PAIR_TYPES))
        for question in questions_of(each, pairs, unit, reasons=False)[:3]:
            for example, statements in chooser.examples(question):
                assert example.document.id != each.id
                found = checked(json.dumps(example.answer(statements)), example)
                assert found.is_right
                assert list(found.statements) == list(statements)
                stated += len(statements)
    assert stated > 20
