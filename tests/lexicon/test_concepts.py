"""The form in which names are compared."""

import pytest

from biodir.labels_biodir import CHEMICAL, DISEASE, GENE, SPECIES
from biodir.lexicon.concepts import normalized_name


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        ("HNF-6", "hnf 6 gene", GENE),
        ("IL-1β", "IL-1 beta", GENE),
        ("TNF-\N{GREEK CAPITAL LETTER ALPHA}", "TNFA", GENE),
        ("NF-\N{GREEK SMALL LETTER KAPPA}B", "NF-kappaB", GENE),
        ("PRKC eta", "PRKCH", GENE),
        ("µ-opioid receptor", "mu opioid receptor", GENE),
        ("ﬁbromas", "Fibroma", DISEASE),
        ("Type 2\tDiabetes", "type-2 diabetes", DISEASE),
        ("Ca2+", "calcium", CHEMICAL),
        ("magnesium sulphate", "magnesium sulfate", CHEMICAL),
        ("hepatitis B viruses", "hepatitis B virus", SPECIES),
    ],
)
def test_spellings_of_a_name_are_equal(first, second, kind):
    assert normalized_name(first, kind) == normalized_name(second, kind) != ""


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        ("FOSB", "FOS", GENE),
        ("IL-1", "IL-2", GENE),
        ("Kras", "Kra", GENE),
        ("Pol eta", "POLE", GENE),
        ("zorbamine sulfate", "zorbamine", CHEMICAL),
        ("psoriasis", "psoriatic", DISEASE),
        ("women", "patients", SPECIES),
    ],
)
def test_other_names_differ(first, second, kind):
    assert normalized_name(first, kind) != normalized_name(second, kind)
