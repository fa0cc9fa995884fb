"""Recipes of several files, and groups that count more than once."""

from helpers.script_module import script

patterns = script("contrast_patterns")


def test_files_are_read_as_one(tmp_path):
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text("shares: {related: 1}\nneutral: [Rest.]\nwords: {a: [b], c: [d]}\n")
    two.write_text("document_share: 0.5\nneutral: [More.]\nwords: {c: [e]}\n")
    assert patterns.recipe_of([one, two]) == {
        "shares": {"related": 1},
        "neutral": ["Rest.", "More."],
        "words": {"a": ["b"], "c": ["e"]},
        "document_share": 0.5,
    }


def test_group_with_a_weight_counts_as_often():
    groups = [{"kind": "x", "texts": ["{C1} is."]}, {"kind": "x", "texts": ["{G1} is."], "weight": 2}]
    texts = [group[0][0][0].text for group in patterns.patterns_by_kind({"groups": groups})["x"]]
    assert texts == ["{C1} is.", "{G1} is.", "{G1} is."]
