"""How much unrelated text moves scores: the counts."""

from helpers.marked import marked_document
from helpers.script_module import script

unrelated = script("unrelated_text")


def result(kind: str, score: float) -> dict:
    return {"relation": kind, "scores": {"relation": {"None": 0.0, "Bind": score, "Association": 0.1}}}


def test_text_after_is_a_passage_and_moves_no_mention():
    document = marked_document("<C:1 iron> binds <G:2 egfr>.")
    longer = unrelated.with_text_after(document, ["It rains.", "It snows."])
    assert longer.text == document.text + " It rains. It snows."
    assert longer.mentions == document.mentions
    assert longer.text[longer.passages[-1].start_char : longer.passages[-1].end_char] == "It rains. It snows."


def test_changes_are_those_of_the_relations_before():
    pairs = [((str(number), "GeneOrGeneProduct"), ("9", "ChemicalEntity")) for number in range(4)]
    before = dict(zip(pairs, [result("Bind", 0.9)] * 3 + [result("None", 0.1)], strict=True))
    after = [result("Bind", 0.5), result("Association", 0.9), result("None", 0.9), result("Bind", 0.8)]
    assert unrelated.movements(before, dict(zip(pairs, after, strict=True))) == ([0.4, 0.0, 0.0], 1, 1, 1)
