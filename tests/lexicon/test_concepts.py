"""The form in which names are compared."""

import pytest

from biodir.lexicon.concepts import normalized_name


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("HNF-6", "hnf 6"),
        ("IL-1β", "IL-1 beta"),
        ("TGF-\N{GREEK CAPITAL LETTER BETA}", "tgf beta"),
        ("µ-opioid receptors", "mu opioid receptor"),
        ("ﬁbroma", "Fibroma"),
        ("Type 2\tDiabetes", "type-2 diabetes"),
    ],
)
def test_spellings_of_a_name_are_equal(first, second):
    assert normalized_name(first) == normalized_name(second) != ""


@pytest.mark.parametrize(("first", "second"), [("FOS", "FO"), ("IL-1", "IL-2"), ("sinus", "sinu"), ("Kras", "Kra")])
def test_other_names_differ(first, second):
    assert normalized_name(first) != normalized_name(second)


def test_name_of_signs_is_empty():
    assert normalized_name(" (-) ") == ""
