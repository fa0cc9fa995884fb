"""Texts like abstracts: no sentence contradicts another, names come back, and a conclusion adds nothing."""

import random
from collections import Counter

import pytest

from helpers.script_module import script

names = script("contrast_names")
patterns = script("contrast_patterns")
composed = script("contrast_composed")
sentences = script("contrast_sentences")
Version, Facts = patterns.Version, composed.Facts
RECIPE = patterns.recipe_of(sentences.PATTERNS)
BY_KIND = patterns.patterns_by_kind(RECIPE)
RAISES = Version("{C1} raises {G1}.", ("C1 > G1 Positive_Correlation",))


@pytest.mark.parametrize(
    ("other", "denies", "is_taken"),
    [
        (RAISES, False, True),
        (Version("{C1} lowers {G1}.", ("C1 > G1 Negative_Correlation",)), False, False),
        (Version("{G1} raises {C1}.", ("G1 > C1 Positive_Correlation",)), False, False),
        (Version("{C1} did not change {G1}."), True, False),
        (Version("{C1} and {G1} were measured."), False, True),
        (Version("{C1} did not change {G2}."), True, True),
    ],
)
def test_sentences_that_contradict_each_other_are_not_taken(other, denies, is_taken):
    first = Facts().extended(RAISES, denies=False)
    assert (first.extended(other, denies) is not None) == is_taken


def test_what_was_denied_is_not_related_later():
    first = Facts().extended(Version("{C1} raised {G2} but not {G1}.", ("C1 > G2 Positive_Correlation",)), denies=True)
    assert first.extended(RAISES, denies=False) is None


def test_relations_without_subject_are_one_in_both_orders():
    one, two = Version("", ("G2 - G1 Bind",)), Version("", ("G1 - G2 Bind",))
    assert Facts().extended(one, denies=False).extended(two, denies=False).related == {
        frozenset(("G1", "G2")): "G1 - G2 Bind"
    }


def test_placed_version_uses_the_pool():
    assert composed.placed(RAISES, ["C3", "G4"], random.Random(1)) == Version(
        "{C3} raises {G4}.", ("C3 > G4 Positive_Correlation",)
    )
    assert composed.placed(RAISES, ["C3", "D1"], random.Random(1)) is None


def test_words_at_the_start_of_a_sentence_have_a_capital():
    words = {"give": ["treatment with {where}"], "where": ["mice"]}
    assert (
        composed.worded("{give}. {where} and {where}.", words, random.Random(1))
        == "Treatment with mice. Mice and mice."
    )


def test_short_form_follows_the_first_name_after_the_title():
    version = Version("{G1} in cells.{title_end} {G1} rose. {G1} fell.")
    found = sentences.document_of(version, {"G1": ("tumor necrosis factor", "7", "TNF")}, {})
    assert found["text"] == "Tumor necrosis factor in cells. Tumor necrosis factor (TNF) rose. TNF fell."
    assert found["title_end"] == len("Tumor necrosis factor in cells.")
    assert [each["mention"] for each in found["entities"]] == ["G1", "G1.2", "G1.3", "G1.4"]
    assert {found["text"][each["start"] : each["end"]].lower() for each in found["entities"]} == {
        "tumor necrosis factor",
        "tnf",
    }


def test_texts_relate_their_own_entities_once():
    rng, again = random.Random(4), Counter()
    for _ in range(100):
        version = composed.composed(BY_KIND, RECIPE, rng)
        pairs = [frozenset((head, tail)) for head, _, tail, _ in map(str.split, version.relations)]
        assert len(set(pairs)) == len(pairs)
        assert {slot for pair in pairs for slot in pair} <= set(version.slots)
        counts = Counter(slot for slot in patterns.SLOT.findall(version.text) if slot != composed.TITLE_END)
        assert set(counts) == set(version.slots)
        again.update(count > 1 for count in counts.values())
    assert again[True] > again[False]


def test_conclusion_adds_no_relation():
    facts = Facts().extended(RAISES, denies=False)
    for seed in range(40):
        more, version = composed._fitting(
            BY_KIND["conclusion"], ["C1", "G1"], facts, random.Random(seed), dict(facts.related)
        )
        assert set(version.relations) <= set(RAISES.relations)
        assert more.related == facts.related
