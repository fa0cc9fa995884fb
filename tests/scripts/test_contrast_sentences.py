"""Texts from sentence patterns: what is related, where names stand, and that every pattern can be filled."""

import json
import random
import re
from itertools import islice, pairwise

import pytest

from biodir.errors_biodir import ErrorPolicy
from biodir.labels_biodir import PAIR_TYPES, RELATION_LABELS
from biodir.training.corpora import listed_corpus
from biodir.training.corpus_list import CorpusEntry
from helpers.script_module import script

names = script("contrast_names")
contrast = script("contrast_sentences")
TYPES = names.TYPES
patterns = script("contrast_patterns")
RECIPE = patterns.recipe_of(contrast.PATTERNS)
GROUPS = [group for group in RECIPE["groups"] if group["kind"] != "abstract"]
COMPLETE = [version for group in RECIPE["groups"] for each in group.get("abstracts", ()) for version in each.values()]
PATTERNS = [pattern for group in GROUPS for found in patterns.patterns_of(group) for pattern in found]
VERSIONS = [version for pattern in PATTERNS for version in pattern]
WORDS = {name: words[0] for name, words in RECIPE["words"].items()}
# No name is a part of another, and there are enough of each type for two joined patterns.
PUBTATOR = "7|t|Title.\n7|a|" + "{text}\n{lines}\n"
NAMES = {
    "C": [(f"{letter}-oxide", f"D{number}") for number, letter in enumerate("abcdefghijkl")],
    "D": [(f"{letter}-itis", f"M{number}") for number, letter in enumerate("abcdefghijkl")],
    "G": [(f"{letter}kt-1", str(number)) for number, letter in enumerate("abcdefghijkl")],
    "V": [(f"p.{letter}12K", f"rs{number}") for number, letter in enumerate("ABCDEFGHIJKL")],
}


def filled(version, words=WORDS) -> dict:
    return contrast.document_of(version, names.chosen_names(version.slots, NAMES, random.Random(1)), words)


def test_text_of_a_pattern_has_its_names_and_relations():
    version = patterns.Version("In {where}, {C1} {raised} {G1}, not {G2}.", ("C1 > G1 Positive_Correlation",))
    names = {"C1": ("iron", "D7"), "G1": ("EGFR", "1956"), "G2": ("p53", "7157")}
    found = contrast.document_of(version, names, {"where": "mice", "raised": "increased"})
    assert found["text"] == "In mice, iron increased EGFR, not p53."
    assert [(each["mention"], each["start"], each["end"], each["id"]) for each in found["entities"]] == [
        ("C1", 9, 13, "D7"),
        ("G1", 24, 28, "1956"),
        ("G2", 34, 37, "7157"),
    ]
    kind = "Positive_Correlation"
    assert found["relations"] == [
        {"head": "C1", "tail": "G1", "source_type": kind, "proposed": kind, "subject": "head"}
    ]
    assert found["annotated_pairs"] == [list(pair) for pair in PAIR_TYPES]


def test_sentences_begin_with_a_capital_but_symbols_stay():
    version = patterns.Version("{C1} binds {G1}. {G1} rests, {C1} too.")
    text = contrast.document_of(version, {"C1": ("iron", "D7"), "G1": ("p53", "7157")}, {})["text"]
    assert text == "Iron binds p53. p53 rests, iron too."


def test_every_pattern_is_filled_and_relates_its_own_entities():
    names = {letter: {name.casefold() for name, _ in names} for letter, names in NAMES.items()}
    known = set(map(frozenset, PAIR_TYPES))
    for version in VERSIONS:
        document = filled(version)
        text = document["text"]
        assert text.endswith((".", "?"))
        assert not re.search(r"[{}]|\s\s|\s[.,;]|\.\.|\band and\b", text)
        types = {each["mention"]: each["type"] for each in document["entities"]}
        assert len(types) >= 2, text
        for each in document["entities"]:
            assert text[each["start"] : each["end"]].casefold() in names[each["mention"][0]]
        for each in document["relations"]:
            assert each["proposed"] in RELATION_LABELS[1:]
            assert frozenset((types[each["head"]], types[each["tail"]])) in known, text


def test_words_and_kinds_are_all_used():
    texts = " ".join([*(version.text for version in VERSIONS), *RECIPE["neutral"], *RECIPE["methods"], str(COMPLETE)])
    assert {name for name in RECIPE["words"] if f"{{{name}}}" not in texts} == set()
    assert {group["kind"] for group in GROUPS} == {*RECIPE["shares"], "title", "conclusion"}


def test_kinds_have_relations_or_none():
    for group in GROUPS:
        versions = [version for found in patterns.patterns_of(group) for pattern in found for version in pattern]
        related = {bool(version.relations) for version in versions}
        expected = {"related": {True}, "linked": {True}, "scope": {True}, "contrast": {True, False}}.get(
            group["kind"], {False}
        )
        assert related == expected or group["kind"] in ("title", "conclusion"), group


def test_signed_relations_are_directed_and_those_of_two_drugs_are_not():
    for version in VERSIONS:
        for _, arrow, _, kind in map(str.split, version.relations):
            is_undirected = kind in ("Cotreatment", "Comparison", "Drug_Interaction")
            if is_undirected or kind.endswith("_Correlation") or kind == "Conversion":
                assert arrow == ("-" if is_undirected else ">"), version


def test_versions_of_a_contrast_have_the_same_names():
    recipe = {**RECIPE, "shares": {"contrast": 1}, "document_share": 0, "abstract_share": 0}
    documents = list(islice(contrast.documents_of(recipe, NAMES, random.Random(2)), 40))
    names = [{(each["mention"], each["id"]) for each in document["entities"]} for document in documents]
    assert sum(one == two for one, two in pairwise(names)) >= 20


def test_corpus_reads_what_was_written(tmp_path, capsys):
    lines, text = [], ""
    kinds = [(TYPES[letter], *name) for letter, names in NAMES.items() for name in names]
    for kind, name, identifier in kinds:
        start = len("Title. ") + len(text)
        text += f"{name} "
        lines.append(f"7\t{start}\t{start + len(name)}\t{name}\t{kind}\t{identifier}")
    train, output = tmp_path / "train.pubtator", tmp_path / "contrast.jsonl"
    train.write_text(PUBTATOR.format(text=text.strip(), lines="\n".join(lines)))
    contrast.main(["--train", str(train), "--documents", "200", "--output", str(output)])
    written = [json.loads(line) for line in output.read_text().splitlines()]
    assert capsys.readouterr().out.startswith("200 documents, ")
    assert len({each["text"] for each in written}) == 200
    corpus = listed_corpus(CorpusEntry(str(output), name="contrast"), ErrorPolicy())
    assert [document.id for document in corpus.documents] == [each["id"] for each in written]
    assert corpus.excluded_pairs == {}
    for document, each in zip(corpus.documents, written, strict=True):
        subjects = [relation.subject_id is not None for relation in document.relations]
        assert subjects == [relation["subject"] == "head" for relation in each["relations"]]
        kept = {identifier for mention in document.mentions for identifier in mention.identifiers}
        assert len(kept) == len({(entity["type"], entity["id"]) for entity in each["entities"]})
        assert len(document.mentions) == len(each["entities"])
        assert corpus.scope.judgements[document.id].undirected == frozenset()


def test_too_few_names_end_in_one_line(tmp_path):
    train = tmp_path / "train.pubtator"
    train.write_text(PUBTATOR.format(text="iron", lines="7\t7\t11\tiron\tChemicalEntity\tD7"))
    with pytest.raises(SystemExit, match=r"^contrast_sentences\.py: error: --train: too few names of the type \w+;"):
        contrast.main(["--train", str(train), "--output", str(tmp_path / "contrast.jsonl")])
    assert not (tmp_path / "contrast.jsonl").exists()


@pytest.mark.parametrize(
    ("content", "output", "documents", "message"),
    [
        ("", "out.jsonl", "5", "--documents 5, and 0 documents in --train; both must be 1 or more"),
        (None, "out.jsonl", "5", r"train\.pubtator: there is no such file"),
        ("1|t|Iron.\n1|a|\n\n", "train.pubtator", "5", r"train\.pubtator is an input as well"),
        ("1|t|Iron.\n1|a|\n\n", "out.jsonl", "0", "--documents 0, and 1 documents"),
    ],
)
def test_input_and_output_are_checked_first(tmp_path, content, output, documents, message):
    train = tmp_path / "train.pubtator"
    if content is not None:
        train.write_text(content)
    with pytest.raises(SystemExit, match=message):
        contrast.main(["--train", str(train), "--documents", documents, "--output", str(tmp_path / output)])
    assert [path.read_text() for path in tmp_path.iterdir()] == ([] if content is None else [content])
