"""How much unrelated text moves scores: the counts."""

import pytest

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


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (None, "", "there is no such file"),
        ("", "", "beside one of the 0 documents the others have 0 sentences, and --sentences asks for 80"),
        ("1|t|It is.\n1|a|\n\n2|t|It was.\n2|a|\n", "--sentences 2", "the others have 1 sentences, and --sentences "),
        ("1|t|It is.\n1|a|\n", "--documents 0", "--documents 0 and --sentences 5: give at least 1 of each"),
    ],
)
def test_unfit_file_ends_in_one_line_before_a_model_is_loaded(text, options, message, tmp_path):
    path = tmp_path / "a.pubtator"
    if text is not None:
        path.write_text(text)
    with pytest.raises(SystemExit, match=rf"^unrelated_text\.py: error: .*{message}"):
        unrelated.main([str(path), "--model", "absent", *options.split()])


def test_changes_are_those_of_the_relations_before():
    pairs = [((str(number), "GeneOrGeneProduct"), ("9", "ChemicalEntity")) for number in range(4)]
    before = dict(zip(pairs, [result("Bind", 0.9)] * 3 + [result("None", 0.1)], strict=True))
    after = [result("Bind", 0.5), result("Association", 0.9), result("None", 0.9), result("Bind", 0.8)]
    assert unrelated.movements(before, dict(zip(pairs, after, strict=True))) == ([0.4, 0.0, 0.0], 1, 1, 1)


def test_row_of_no_relation_has_dashes():
    assert unrelated.row_of(5, [([], 0, 0, 1), ([], 0, 0, 2)]) == "| 5 | 0 | - | - | - | - | 3 |"
    assert unrelated.row_of(5, [([0.5, 0.1], 1, 0, 0)]) == "| 5 | 2 | 0.300 | 0.500 | 50.0 % | 0.0 % | 0.0 % |"
