"""What a model reads."""

from biodir.document_candidates_biodir import candidate_pairs
from biodir.labels_biodir import PAIR_TYPES, RELATION_LABELS
from biodir.llm.prompts import instructions, messages, repair_messages, shown
from biodir.llm.questions import Statement, questions_of
from helpers.marked import marked_document


def asked(text: str, unit: str = "document", reasons: bool = False):
    document = marked_document(text)
    return questions_of(document, list(candidate_pairs(document.entities(), PAIR_TYPES)), unit, reasons)


IRON = "Too much <C:D1 iron>\n harms; <C:D1 Fe> and <C:D1 iron> hurt the <D:D2 liver>."


def test_a_question_shows_the_text_in_one_line_and_each_name_once():
    (question,) = asked(IRON)
    assert shown(question) == (
        "Text: Too much iron harms; Fe and iron hurt the liver.\n\n"
        "Entities:\nE1 (ChemicalEntity): iron; Fe\nE2 (DiseaseOrPhenotypicFeature): liver"
    )
    (question,) = asked(IRON, "pair")
    assert "How are these two related?\nE1 (ChemicalEntity)" in shown(question)


def test_the_task_names_every_label_and_steps_are_wanted_on_demand():
    (static,) = asked(IRON)
    (steps,) = asked(IRON, reasons=True)
    for label in RELATION_LABELS[1:]:
        assert f"- {label}: " in instructions(static)
    assert "SequenceVariant and SequenceVariant." in instructions(static)
    assert "reasoning" not in instructions(static)
    assert instructions(steps).startswith(instructions(static))
    assert '"reasoning"' in instructions(steps)


def test_examples_come_before_the_question_as_turns_and_the_task_only_once():
    (example,), (question,) = asked("<C:D1 Iron> binds <G:2 EGFR>."), asked(IRON)
    (pair,) = example.pairs
    turns = messages(question, [(example, [Statement(pair, "Bind", "Novel", "No_Direct")])])
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    assert turns[0]["content"] == f"{instructions(question)}\n\n{shown(example)}"
    assert turns[1]["content"] == (
        '{"relations": [{"subject": "E1", "object": "E2", "relation": "Bind", "directed": false, "novelty": "Novel"}]}'
    )
    assert turns[2]["content"] == shown(question)


def test_a_second_question_names_what_was_wrong():
    (question,) = asked(IRON)
    first = messages(question)
    again = repair_messages(first, "nothing", ["relations[0].subject: 'E9' is not one of ['E1', 'E2']"])
    assert again[:1] == first
    assert again[1] == {"role": "assistant", "content": "nothing"}
    assert "cannot be used: relations[0].subject: 'E9' is not one of" in again[2]["content"]
