"""Abbreviations that a text defines: which are found, and which are none."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from biodir.document_abbreviations_biodir import abbreviations


def pairs(text: str) -> list[tuple[str, str]]:
    return [(each.short, each.long) for each in abbreviations(text)]


@pytest.mark.parametrize(
    ("text", "short", "long"),
    [
        ("We gave tumor necrosis factor (TNF).", "TNF", "tumor necrosis factor"),
        ("Levels of TNF (tumor necrosis factor) rise.", "TNF", "tumor necrosis factor"),
        ("Levels of TNF (the tumor necrosis factor) rise.", "TNF", "tumor necrosis factor"),
        ("Zelvorin-induced liver injury (ZILI) is rare.", "ZILI", "Zelvorin-induced liver injury"),
        ("transforming growth factor beta (TGF-β)", "TGF-β", "transforming growth factor beta"),
        ("of lithium (Li) salts", "Li", "lithium"),
        ("three anti-rash drugs (ARDs)", "ARDs", "anti-rash drugs"),
        ("each local lymph node (LLNs)", "LLNs", "local lymph node"),
        ("[serum creatinine, blood urea nitrogen (BUN) and others]", "BUN", "blood urea nitrogen"),
        ("the common bile duct (CBD: 6 mm)", "CBD", "common bile duct"),
        ("common bile duct (CBD; dilated)", "CBD", "common bile duct"),
        ('the common bile duct ("CBD")', "CBD", "common bile duct"),
        ("complex III (cIII)", "cIII", "complex III"),
    ],
)
def test_definition_is_found_in_either_order(text, short, long):
    assert pairs(text) == [(short, long)]


@pytest.mark.parametrize(
    "text",
    [
        "EGFR (1956) binds.",  # no letter
        "It grew (n = 12).",
        "We saw rashes (Fig. 2).",
        "epidermal growth factor receptor (XYZ)",  # letters that are not there
        "A growing rash. Factors (ARF) differ.",  # in two sentences
        "fed (food restricted) mice",  # a word, not a short form
        "PPARx-deficient mice (PPARx(-/-))",  # the short form itself
        "MRS(a) spectra (b",
        "",
        "(",
        ")(",
    ],
)
def test_other_parentheses_define_nothing(text):
    assert pairs(text) == []


def test_long_form_has_at_most_so_many_words_as_the_paper_says():
    words = "alpha one two three four five six seven bravo"
    assert pairs(f"{words} (AB)") == []
    assert pairs("alpha one two bravo (AB)") == [("AB", "alpha one two bravo")]


def test_each_definition_of_a_short_form_is_there_in_the_order_of_the_text():
    text = "Panic disorder (PD) is common. Parkinson disease (PD) is not."
    assert pairs(text) == [("PD", "Panic disorder"), ("PD", "Parkinson disease")]


def test_spans_are_those_of_both_forms_where_a_character_changes_its_length_in_lower_case():
    text = "İ İ Ambient light test (ALT)."
    found = abbreviations(text)[0]
    assert (text[slice(*found.short_span)], text[slice(*found.long_span)]) == ("ALT", "Ambient light test")


SIGNS = st.text(alphabet="aBc1 ()[],;:-.αİ\n", max_size=12)


@st.composite
def definitions(draw) -> str:
    """A text that defines the initials of some words, with signs around."""
    words = draw(st.lists(st.text("abcdei\u03b1İ-", min_size=2, max_size=6), min_size=2, max_size=5))
    short, long = "".join(word[0] for word in words).upper(), " ".join(words)
    definition = draw(st.sampled_from([f"{long} ({short})", f"{long} [{short}]", f"{short} ({long})"]))
    return f"{draw(SIGNS)} {definition} {draw(SIGNS)}"


def letters(text: str) -> list[str]:
    return [char for char in text.lower().replace("\u03b1", "a") if char.isalnum()]


@given(definitions())
def test_spans_hold_the_forms_and_letters_of_the_short_one_are_in_the_long_one(text):
    found = abbreviations(text)
    assume(found)  # hypothesis fails where few texts have one
    for each in found:
        assert text[slice(*each.short_span)] == each.short
        assert text[slice(*each.long_span)] == each.long
        assert len(each.long) > len(each.short)
        assert each.short_span[1] <= each.long_span[0] or each.long_span[1] <= each.short_span[0]
        assert not text[: each.long_span[0]][-1:].isalnum(), "it starts with a word"
        rest = iter(letters(each.long))
        assert letters(each.short)[0] == letters(each.long)[0]
        assert all(letter in rest for letter in letters(each.short)), "in the same order"


def test_bracket_without_a_partner_elsewhere_hides_no_definition():
    assert pairs("1) We gave tumor necrosis factor (TNF).") == [("TNF", "tumor necrosis factor")]
