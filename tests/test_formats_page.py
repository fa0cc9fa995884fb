"""The tables of docs/formats.md and docs/entities.md name what the readers know."""

import re

from biodir.document_names_biodir import RULES
from biodir.document_parts_biodir import is_unlinked
from biodir.document_shapes_biodir import DOCUMENT_KEYS, ENTITY_KEYS, ID_KEYS, MENTION_KEYS
from biodir.errors_biodir import ERRORS, OFFSETS
from biodir.labels_biodir import ENTITY_TYPES, TYPE_MAP
from helpers.checkout import CHECKOUT

PAGE = (CHECKOUT / "docs" / "formats.md").read_text("utf-8")


def section(title):
    """The text of a section of the page."""
    return re.split(rf"^## {title}\n", PAGE, flags=re.MULTILINE)[1].split("\n## ")[0]


def rows(title):
    """The cells of the rows of a section's tables, as the names in them."""
    lines = [line for line in section(title).splitlines() if line.startswith("| ")]
    return [[re.findall(r"`([^`]+)`", cell) for cell in line.split("|")[1:-1]] for line in lines]


def test_table_of_types_is_that_of_the_readers():
    listed = {name: (kinds or [None])[0] for kinds, names in rows("Entity types") for name in names}
    assert listed == TYPE_MAP
    assert {kind for kinds, _ in rows("Entity types") for kind in kinds} == set(ENTITY_TYPES)


def test_table_of_keys_is_that_of_the_readers():
    listed = {keys[0]: names for keys, names in (row for row in rows("Shapes of JSON") if len(row) == 2) if keys}
    assert listed == {key: [name for name in names if name != key] for key, names in MENTION_KEYS.items()}
    named = set(re.findall(r"`(\w+)`", section("Shapes of JSON")))
    assert {*ENTITY_KEYS, *ID_KEYS, "entities", "text", "title", "abstract", "passages"} <= named
    assert "entities" in DOCUMENT_KEYS


def test_identifiers_that_mean_none_are_those_of_the_readers():
    listed = re.findall(r"`([^`]+)`", section("Identifiers that mean none").split("\n\n")[2])
    assert listed
    assert all(map(is_unlinked, listed))


def test_policies_and_units_are_named():
    assert all(f"`{name}`" in section("Errors") for name in ERRORS)
    assert all(f"`{name}`" in section("Offsets") for name in OFFSETS)


def test_table_of_rules_has_all_rules_in_order():
    page = (CHECKOUT / "docs" / "entities.md").read_text("utf-8").split("## Measured")[0]
    assert tuple(re.findall(r"^\| `([a-z-]+)` \|", page, flags=re.MULTILINE)) == RULES
