"""Complete abstracts: optional sentences, abbreviations of the text's own, and that all can be filled."""

import random
import re
from itertools import islice

import pytest

from biodir.labels_biodir import PAIR_TYPES, RELATION_LABELS
from helpers.script_module import script

names = script("contrast_names")
patterns = script("contrast_patterns")
composed = script("contrast_composed")
sentences = script("contrast_sentences")
Version, TYPES = patterns.Version, names.TYPES
RECIPE = patterns.recipe_of(sentences.PATTERNS)
ABSTRACTS = [pattern[0] for group in patterns.patterns_by_kind(RECIPE)["abstract"] for pattern in group[0]]
TNF = {("G", "7"): ("tumor necrosis factor", "TNF")}
GIVEN = {"title": "{G1} in mice", "text": "START: {word} {G1_long} ({G1}) rose. <{G1} fell.> END.", "short": ["G1"]}


def test_optional_sentences_are_left_out_half_of_the_time():
    version = Version("One.{title_end} {word}. <Two.> Three. <Four.>", ("C1 > G1 Bind",))
    found = {composed.abridged(version, {"word": ["a b"]}, random.Random(seed)).text for seed in range(40)}
    start = "One.{title_end} A b."
    assert found == {f"{start}{two} Three.{four}" for two in (" Two.", "") for four in (" Four.", "")}


def test_text_says_where_the_abbreviation_is():
    version = composed.abridged(patterns.abstract_of(GIVEN), {"word": ["then"]}, random.Random(2))
    found = sentences.document_of(*names.named(version, {"G": [("cachectin", "7")]}, TNF, random.Random(1)), {})
    assert found["text"].startswith("TNF in mice. START: Then tumor necrosis factor (TNF) rose. ")
    assert found["title_end"] == len("TNF in mice.")
    spans = [found["text"][each["start"] : each["end"]] for each in found["entities"]]
    assert spans[:3] == ["TNF", "tumor necrosis factor", "TNF"]
    assert {each["id"] for each in found["entities"]} == {"7"}


def test_name_without_abbreviation_is_written_once():
    version, found = names.named(patterns.abstract_of(GIVEN), {"G": [("p53", "8")]}, TNF, random.Random(1))
    assert (version.text, version.short) == ("{G1} in mice.{title_end} START: {word} {G1} rose. <{G1} fell.> END.", ())
    assert found == {"G1": ("p53", "8", "")}


def test_share_of_the_draws_is_abstracts():
    recipe = {"groups": [{"kind": "abstract", "abstracts": [GIVEN]}], "abstract_share": 1, "words": {"word": ["x"]}}
    recipe |= {"shares": {"related": 1}, "document_share": 0}
    found = list(islice(sentences.documents_of(recipe, {"G": [("p53", "8")]}, random.Random(1)), 9))
    assert {each["text"][:25] for each in found} == {"p53 in mice. START: X p53"}


def test_abstracts_have_no_signs_between_the_types_of_the_recipe():
    signed = ["G1 > D1 Positive_Correlation", "D1 > C1 Negative_Correlation", "G1 > G2 Bind"]
    groups = [{"kind": "abstract", "abstracts": [{"title": "A", "text": "B", "relations": signed}]}]
    [[[(plain,)]]] = patterns.patterns_by_kind({"groups": groups})["abstract"]
    [[[(found,)]]] = patterns.patterns_by_kind({"groups": groups, "without_signs": ["DG", "GG"]})["abstract"]
    assert plain.relations == tuple(signed)
    assert found.relations == ("G1 > D1 Association", *signed[1:])


@pytest.mark.parametrize("version", ABSTRACTS, ids=[each.text.partition(".{")[0] for each in ABSTRACTS])
def test_abstract_is_well_formed(version):
    least = composed.OPTIONAL.sub("", version.text).rstrip()
    slots = set(Version(least).slots)
    types = {slot: TYPES[slot[0]] for slot in slots}
    known = set(map(frozenset, PAIR_TYPES))
    pairs = [relation.split() for relation in version.relations]
    assert len({frozenset((head, tail)) for head, _, tail, _ in pairs}) == len(pairs)
    for head, arrow, tail, kind in pairs:
        assert kind in RELATION_LABELS[1:]
        assert frozenset((types[head], types[tail])) in known, (head, tail)
        is_undirected = kind in ("Cotreatment", "Comparison", "Drug_Interaction")
        if is_undirected or kind.endswith("_Correlation") or kind == "Conversion":
            assert arrow == ("-" if is_undirected else ">"), (head, tail)
    assert set(version.short) == {slot[:2] for slot in patterns.SLOT.findall(least) if slot.endswith(patterns.LONG)}
    text = composed.worded(version.text, RECIPE["words"], random.Random(1))
    unknown = [slot for slot in patterns.SLOT.findall(text) if not re.fullmatch(r"[CDGV]\d(_long)?|title_end", slot)]
    assert not unknown
    assert not re.search(r"\s\s|\s[.,;]|\.\.|\band and\b|[<>]", composed.OPTIONAL.sub(r"\1\2", text).rstrip())
    assert 100 <= len(text.split()) <= 340
