"""Names for sentence patterns: which mentions, how they fit beside each other, and their abbreviations."""

import random

import pytest

from biodir.errors_biodir import SettingError
from helpers.marked import marked_document
from helpers.script_module import script

contrast = script("contrast_names")


def test_names_are_first_mentions_that_fit():
    document = marked_document("<C:D7 Iron> and <C:D7 Fe> raise <G:1 EGFR>; <C:D7 iron> <D:3 cirrhotic> <V:4 C to T>.")
    assert contrast.names_of([document]) == {"C": [("iron", "D7")], "D": [], "G": [("EGFR", "1")], "V": []}


def test_names_of_a_text_are_no_parts_of_each_other():
    names = {"G": [("IL-1", "1"), ("IL-1 receptor", "2"), ("EGFR", "1"), ("p53", "3")]}
    drawn = [contrast.chosen_names(["G1", "G2"], names, random.Random(seed)) for seed in range(40)]
    found = {frozenset(name for name, _ in each.values()) for each in drawn}
    allowed = [("IL-1", "p53"), ("IL-1 receptor", "EGFR"), ("IL-1 receptor", "p53"), ("EGFR", "p53")]
    assert found == set(map(frozenset, allowed))
    with pytest.raises(SettingError, match="too few names of the type GeneOrGeneProduct"):
        contrast.chosen_names(["G1", "G2", "G3", "G4"], names, random.Random(1))


def test_variant_ends_with_its_last_character():
    assert [contrast.is_usable(name, "V") for name in ("c.1182C>T", "c.1182C>T,")] == [True, False]


def test_abbreviation_follows_its_long_name_in_parentheses():
    text = "<G:7 Tumor necrosis factor> (<G:7 TNF>), <C:D1 iron> (<C:D2 FE>), <D:3 asthma> (<D:3 asthmatic>). "
    text += "No tumor went down. <D:9 Down syndrome> (<D:9 DS>)."
    found = contrast.abbreviations_of([marked_document(text)])
    assert found == {("G", "7"): ("tumor necrosis factor", "TNF"), ("D", "9"): ("Down syndrome", "DS")}


def test_short_form_is_left_out_where_it_is_a_part_of_another_name():
    known = {("G", "7"): ("tumor necrosis factor", "TNF")}
    found = contrast.with_short_forms({"G1": ("TNF", "7"), "G2": ("p53", "8")}, known)
    assert found == {"G1": ("tumor necrosis factor", "7", "TNF"), "G2": ("p53", "8", "")}
    found = contrast.with_short_forms({"G1": ("cachectin", "7"), "G2": ("TNF receptor", "8")}, known)
    assert found == {"G1": ("cachectin", "7", ""), "G2": ("TNF receptor", "8", "")}
