"""What a caller hands over, as documents: rows of data sets with numbered types, relations that nobody asked for."""

import numpy as np
import pytest

from biodir.document_inputs_biodir import document_from_input
from biodir.errors_biodir import AnnotationError

TYPES = ["Gene", "Disease"]


def row(kind, **more):
    """A mapping with one mention of this type."""
    return {"text": "Iron", "entities": [{"start": 0, "end": 4, "type": kind, "id": ["5"]}], **more}


@pytest.mark.parametrize(("kind", "name"), [(0, "Gene"), (1, "Disease"), (np.int64(1), "Disease"), ("Drug", "Drug")])
def test_number_of_a_type_is_its_place_among_the_types(kind, name):
    (mention,) = document_from_input(row(kind), 0, TYPES).mentions
    assert (mention.entity_type, mention.identifiers) == (name, ("5",))


@pytest.mark.parametrize("number", [2, -1])
def test_number_without_a_type_is_refused(number):
    with pytest.raises(AnnotationError) as caught:
        document_from_input(row(number), 3, TYPES)
    assert str(caught.value) == (
        f"document 3, entities[0]: 'type' is {number}, but the model numbers its entity types 0 to 1; "
        "give the name of the type"
    )


def test_relations_of_the_input_are_left_alone():
    given = row("Gene", relations=[{"relation": 3, "entity1": "5"}], subject_lines="none")
    assert document_from_input(given, 0, TYPES).relations == ()
