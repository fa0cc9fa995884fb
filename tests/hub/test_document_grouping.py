"""Mentions without identifiers become entities: which of them, under which identifier, and what holds for any text."""

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from biodir.document_abbreviations_biodir import abbreviations
from biodir.document_biodir import Document, Mention
from biodir.document_grouping_biodir import groups_by_name, with_grouped_mentions, with_missing_identifiers
from biodir.document_names_biodir import RULES, name_key
from biodir.labels_biodir import CHEMICAL, DISEASE, GENE
from biodir.pipeline_entities_biodir import with_identifiers, with_recognised
from helpers.marked import marked_document


def identifiers(marked: str) -> list[str]:
    """Return the identifiers that the mentions of a text get; all are written `<TYPE:- words>`."""
    return [mention.identifiers[0] for mention in with_grouped_mentions(marked_document(marked)).mentions]


def groups(marked: str, rules=RULES) -> list[int]:
    """Return the group of each mention as a number, in the order of their first mentions."""
    document = marked_document(marked)
    found = groups_by_name(document.text, document.mentions, rules)
    numbers = {group: number for number, group in enumerate(dict.fromkeys(found))}
    return [numbers[group] for group in found]


RULES_OF_TEXT = [
    ("abbreviation", "<D:- Type one rash> (<D:- TOR>). <D:- TOR> is high.", [0, 0, 0]),
    ("abbreviation", "<D:- TOR> early. <D:- Type one rash> (<D:- TOR>).", [0, 0, 0]),
    ("abbreviation", "Of <G:- mind bomb> (MB). <G:- mb> is high.", [0, 0]),
    ("modifier", "<D:- Type one rash> (<D:- TOR>). <D:- TOR pain>, <D:- type one rash pain>.", [0, 0, 1, 1]),
    ("inside", "<G:- Tumor necrosis factor (TNF)>. <G:- Tumor necrosis factor>.", [0, 0]),
    ("inside", "<G:- Angiotensin (ANG) receptor>. <G:- angiotensin receptor>.", [0, 0]),
    ("long-mention", "<D:- X-linked nystagmus> (<D:- NYS>).", [0, 0]),
    ("apposition", "<G:- Psoriasin> (<G:- S100A7>). <G:- S100A7> is high.", [0, 0, 0]),
    ("genus", "<S:- Escherichia coli> grew. <S:- E. coli> died.", [0, 0]),
    ("genus", "<S:- Escherichia coli> grew. <S:- E coli> died.", [0, 0]),
    ("genus", "<S:- Aedes aegypti>, <S:- Anopheles aegypti>, <S:- Ae. aegypti>", [0, 1, 0]),
    ("genus", "<S:- Escherichia coli>, <S:- Escherichia\ncoli>, <S:- E.\ncoli>", [0, 0, 0]),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "marked", "expected"), RULES_OF_TEXT)
def test_rule_joins_mentions_that_stay_apart_without_it(rule, marked, expected):
    assert groups(marked) == expected
    assert groups(marked, [each for each in RULES if each != rule]) != expected


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        # Of two meanings of a short form the one that was defined last counts.
        ("<D:- Panic disorder> (<D:- PD>), <D:- PD>. <D:- Pan disease> (<D:- PD>), <D:- PD>.", [0, 0, 0, 1, 1, 1]),
        # A class with several members in parentheses joins none of them.
        ("<G:- Cytokines> (<G:- IL6>), <G:- cytokines> (<G:- CSF>).", [0, 1, 0, 2]),
        ("<D:- Pain> (<D:- migraine>).", [0, 1]),
        ("<V:- c.73G>", [0]),
        # Letters of one character are no names.
        ("<C:- Zelva> (<C:- Q>).", [0, 1]),
        # Types never mix.
        ("<C:- Insulin> and <G:- insulin>.", [0, 1]),
        # A short genus could be that of either.
        ("<S:- Escherichia coli>, <S:- Entamoeba coli>, <S:- E. coli>.", [0, 1, 2]),
        # Only that of an organism may have no point.
        ("<D:- Testicular cell lymphoma>, <D:- T cell lymphoma>.", [0, 1]),
    ],
)  # fmt: skip
def test_mentions_of_others_stay_apart(marked, expected):
    assert groups(marked) == expected


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("<C:- Iron>, <C:- iron>.", ["text:iron", "text:iron"]),
        ("<G:- Tumor necrosis factor> (<G:- TNF>).", ["text:tumor necrosis factor"] * 2),
        ("<G:- Tumor necrosis factor> (<G:- TNF>), <G:- TNF>.", ["text:tnf"] * 3),
        # A form that two groups have is the identifier of neither.
        (
            "Panic disorder (<D:- PD>), Parkinson disease (<D:- PD>).",
            ["text:pd (panicdisorder)", "text:pd (parkinsondisease)"],
        ),
    ],
)
def test_identifier_is_the_most_frequent_name_or_the_longest(marked, expected):
    assert identifiers(marked) == expected


def test_mentions_with_identifiers_stay_as_they_are_and_none_joins_them():
    document = marked_document("<G:1956 EGFR>, <G:- EGFR>, <G:- egfr gene>.")
    found = with_grouped_mentions(document).mentions
    assert [mention.identifiers for mention in found] == [("1956",), ("text:egfr gene",), ("text:egfr gene",)]


def test_missing_identifiers_are_found_by_the_empty_column_that_a_reader_leaves():
    text = "EGFR EGFR EGFR"
    spans = [(0, 4, (), ""), (5, 9, (), None), (10, 14, ("1956",), "x")]
    mentions = [Mention(start, end, "EGFR", GENE, *rest) for start, end, *rest in spans]
    found = with_missing_identifiers(text, mentions)
    assert [each.identifiers for each in found] == [("text:egfr",), (), ("1956",)]
    assert [each.source_identifier for each in found] == [None, None, "x"]
    assert with_missing_identifiers(text, mentions, keep_source=True)[0].source_identifier == ""


TEXT = "Epidermal growth factor receptor (EGFR) binds; EGFR is not linked here: EGFR."
SPANS = [(0, 32), (34, 38), (47, 51), (72, 76)]


def entries(*identifiers) -> list[dict]:
    return [
        {"start": start, "end": end, "type": "Gene"} | ({} if identifier is None else {"id": identifier})
        for (start, end), identifier in zip(SPANS, identifiers, strict=True)
    ]


def test_entities_of_json_without_id_are_grouped_and_those_that_are_not_linked_are_not():
    document = Document.from_dict({"text": TEXT, "entities": entries(None, None, "-", "1956")})
    name = ("text:epidermal growth factor receptor",)
    assert [mention.identifiers for mention in document.mentions] == [name, name, (), ("1956",)]
    assert Document.from_dict(document.to_dict()) == document


def test_relation_between_mentions_without_identifiers_is_between_their_groups():
    rows = [
        {"id": f"T{number}", "type": "Gene", "text": [TEXT[start:end]], "offsets": [[start, end]], "normalized": []}
        for number, (start, end) in enumerate(SPANS)
    ]
    rows.append({"id": "D", "type": "Disease", "text": ["linked"], "offsets": [[59, 65]], "normalized": []})
    relation = {"type": "Bind", "arg1_id": "T1", "arg2_id": "D"}
    document = Document.from_dict({"text": TEXT, "entities": rows, "relations": [relation]})
    assert document.relations[0].pair == {"text:egfr", "text:linked"}


def test_mentions_of_a_recogniser_are_grouped():
    found = [{"start": start, "end": end, "entity_group": GENE} for start, end in SPANS]
    document = with_identifiers(with_recognised(Document("0", TEXT), lambda text: found))
    assert {mention.identifiers for mention in document.mentions} == {("text:egfr",)}


def test_names_of_one_type_are_grouped_by_the_type_that_they_mean():
    rows = entries(*[None] * 4)
    for row, name in zip(rows, ["Gene", "Protein", "RNA", GENE], strict=True):
        row["type"] = name
    assert len({each.identifiers for each in Document.from_dict({"text": TEXT, "entities": rows}).mentions}) == 1


# Laws.

WORDS = (
    *("iron", "Irons", "Fe", "tumor necrosis factor", "TNF", "TNF receptor", "panic disorder", "Parkinson disease"),
    *("PD", "E. coli", "Escherichia coli", "p.T790M", "Thr790Met", "\u03b21", "-"),
)


@st.composite
def documents(draw) -> Document:
    text, mentions = "", []
    for word in draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=14)):
        before, after = draw(st.sampled_from([("", " "), ("", " "), ("(", ") "), ("", ". ")]))
        start = len(text) + len(before)
        text += before + word + after
        kind = draw(st.sampled_from([GENE, CHEMICAL, DISEASE, "Gadget", None]))
        if kind:
            given_identifiers = draw(st.sampled_from([(), (), (), ("1956",)]))
            mentions.append(Mention(start, start + len(word), word, kind, given_identifiers))
    return Document("7", text, tuple(mentions))


@given(documents(), st.randoms(use_true_random=False))
def test_order_of_mentions_does_not_matter(document, shuffler):
    shuffled = list(document.mentions)
    shuffler.shuffle(shuffled)
    found = with_grouped_mentions(replace(document, mentions=tuple(shuffled))).mentions
    assert sorted(found, key=repr) == sorted(with_grouped_mentions(document).mentions, key=repr)


@given(documents())
def test_grouping_again_changes_nothing_and_every_mention_has_an_identifier(document):
    grouped = with_grouped_mentions(document)
    assert with_grouped_mentions(grouped) == grouped
    assert all(mention.identifiers for mention in grouped.mentions)
    assert [replace(each, identifiers=()) for each in grouped.mentions] == [
        replace(each, identifiers=()) for each in document.mentions
    ]


@given(documents())
def test_groups_have_one_type_and_identifiers_tell_groups_of_a_type_apart(document):
    unnamed = replace(document, mentions=tuple(replace(each, identifiers=()) for each in document.mentions))
    groups = groups_by_name(unnamed.text, unnamed.mentions)
    found = [(each.entity_type, each.identifiers) for each in with_grouped_mentions(unnamed).mentions]
    assert [kind for kind, _ in groups] == [each.entity_type for each in unnamed.mentions]
    assert len(set(groups)) == len(set(found)) == len(set(zip(groups, found, strict=True)))


@given(documents(), st.sampled_from([GENE, CHEMICAL, DISEASE]))
def test_equal_texts_are_grouped_unless_an_abbreviation_has_several_meanings(document, kind):
    defined = [name_key(each.short, kind) for each in abbreviations(document.text)]
    assume(len(set(defined)) == len(defined))
    mentions = [replace(each, entity_type=kind, identifiers=()) for each in document.mentions]
    found: dict[str, set] = {}
    for mention, group in zip(mentions, groups_by_name(document.text, mentions), strict=True):
        found.setdefault(mention.text, set()).add(group)
    assert all(len(each) == 1 for each in found.values())
