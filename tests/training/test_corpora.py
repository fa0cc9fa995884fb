"""The corpora of a run."""

import json
from dataclasses import replace

import pytest

from biodir.document_biodir import Relation
from biodir.errors_biodir import AnnotationError, ParseError, SettingError
from biodir.formats.pubtator_writer import write_pubtator
from biodir.labels_biodir import CHEMICAL, DISEASE, GENE
from biodir.training.corpora import training_corpora
from biodir.training.corpus_list import learned_entries
from biodir.training.reading import reading_policy
from biodir.training.settings import TrainingSettings
from helpers.checkout import CHECKOUT
from helpers.marked import marked_document

RELATIONS = (Relation("INHIBITOR", "1", "2", subject_id="1"), Relation("PART-OF", "3", "2"), Relation("Bind", "1", "3"))
TEXT = "<C:1 Iron> binds <G:2 it>. <D:3 Pain> is of <S:9 mice>."


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes a file of documents with these ids and relations, and gives its name in the current folder."""
    monkeypatch.chdir(tmp_path)

    def write(name, *ids, relations=RELATIONS) -> str:
        write_pubtator([marked_document(TEXT, id=str(found), relations=relations) for found in ids], name)
        return name

    return write


@pytest.fixture
def listed(written):
    """The corpora of a YAML file of corpora beside a training file with the document 1, and what was logged."""

    def read(lines: str, **changes):
        with open("corpora.yaml", "w", encoding="utf-8") as file:
            file.write(lines)
        logged = []
        return training_corpora(settings(written("a", 1), corpora="corpora.yaml", **changes), logged.append)[1:], logged

    return read


def settings(*train, **changes) -> TrainingSettings:
    return TrainingSettings(train=list(train), encoder="bert", output_dir="run", **changes)


def read(*train, **changes):
    """The ids of each corpus, and what was logged."""
    logged = []
    corpora = training_corpora(settings(*train, **changes), logged.append)
    return {corpus.path: " ".join(document.id for document in corpus.documents) for corpus in corpora}, logged


# Which documents.


def test_document_is_learned_from_in_the_first_corpus_only(written):
    held_out = {"dev": written("dev", 5), "exclude": [written("test", 6)]}
    found, logged = read(written("a", 1, 2, 5), written("b", 2, 3), extra_train=[written("c", 3, 1, 4, 6)], **held_out)
    assert found == {"a": "1 2", "b": "3", "c": "4"}
    assert logged == [
        "a: 1 document left out, held out for evaluation or in a corpus before",
        "b: 1 document left out, held out for evaluation or in a corpus before",
        "c: 3 documents left out, held out for evaluation or in a corpus before",
    ]


def test_corpus_of_which_nothing_is_left_is_refused(written):
    with pytest.raises(
        SettingError, match=r"^b: no document is left to learn from; --dev, --exclude or corpora before"
    ):
        read(written("a", 1, 2), written("b", 2, 1))


@pytest.mark.parametrize(
    ("most", "expected"), [(1, {"a": "1"}), (3, {"a": "1 2", "b": "3"}), (9, {"a": "1 2", "b": "3 4"})]
)
def test_first_documents_of_all_train_files_are_learned_from(most, expected, written):
    found, _ = read(written("a", 1, 2), written("b", 3, 4), extra_train=[written("c", 5, 6)], max_documents=most)
    assert found == {**expected, "c": "5 6"}


# Corpora with labels of their own.


def test_relation_types_are_mapped_and_others_stay(listed, written):
    (corpus,), _ = listed(
        f"- path: {written('b', 2)}\n  relation_types: {{INHIBITOR: Negative_Correlation, Bind: Bind}}"
    )
    assert corpus.documents[0].relations == (
        Relation("Negative_Correlation", "1", "2", subject_id="1"),
        *RELATIONS[1:],
    )
    assert corpus.excluded_pairs == {}


@pytest.mark.parametrize("nothing", ["null", "~", ""])
def test_pairs_whose_relation_is_mapped_to_null_are_not_learned_from(nothing, listed, written):
    (corpus,), _ = listed(f"- path: {written('b', 2, 3)}\n  relation_types:\n    PART-OF: {nothing}")
    assert [document.relations for document in corpus.documents] == [(RELATIONS[0], RELATIONS[2])] * 2
    assert corpus.excluded_pairs == {"2": {frozenset("23")}, "3": {frozenset("23")}}


def test_entity_types_are_mapped_and_those_mapped_to_null_left_out(listed, written):
    lines = f"- path: {written('b', 2)}\n  entity_types: {{{CHEMICAL}: Drug, OrganismTaxon: null}}"
    (corpus,), _ = listed(lines)
    mentions = corpus.documents[0].mentions
    assert [(mention.text, mention.entity_type) for mention in mentions] == [
        ("Iron", "Drug"),
        ("it", GENE),
        ("Pain", DISEASE),
    ]


def test_mapped_names_of_entity_types_are_compared_without_case_and_what_is_left_out_is_counted(listed, written):
    lines = f"- path: {written('b', 2, 3)}\n  entity_types: {{chemicalentity: Chemical, ORGANISMTAXON: null}}\n"
    (corpus,), logged = listed(lines + "  relation_types: {PART-OF: null, bind: Bind}")
    assert [mention.entity_type for mention in corpus.documents[0].mentions] == ["Chemical", GENE, DISEASE]
    assert logged == [
        "b: relation_types maps bind (did you mean 'Bind'?), which none of its documents has",
        "b: 2 mentions left out, whose types are mapped to null: OrganismTaxon (2)",
        "b: 2 pairs are not learned from, whose relation types are mapped to null",
    ]


def test_names_that_are_nearly_those_of_biored_are_logged(listed, written):
    lines = f"- path: {written('b', 2)}\n  relation_types: {{INHIBITOR: bind, PART-OF: {{type: Cause}}}}\n"
    _, logged = listed(lines + f"  entity_types: {{{CHEMICAL}: Chemikal, {GENE}: Protein, {DISEASE}: null}}")
    assert logged[:2] == [
        "b: relation_types maps INHIBITOR to 'bind', which is no type of BioRED; did you mean 'Bind'?",
        f"b: entity_types maps {CHEMICAL} to 'Chemikal', which is no type of BioRED; did you mean 'Chemical'?",
    ]
    assert len(logged) == 3


# Corpora that say which pairs they judge.

LINE = {
    "unit": "abstract",
    "text": "Iron binds it.",
    "annotated_types": [CHEMICAL],
    "annotated_pairs": [[CHEMICAL, GENE]],
}
ENTITIES = [{"start": 0, "end": 4, "type": CHEMICAL}, {"start": 11, "end": 13, "type": GENE}]
RELATED = {"relations": [{"head": 0, "tail": 1, "source_type": "Bind", "proposed": "Bind"}]}


@pytest.fixture
def judged(written):
    """Writes a file of JSON Lines of documents with these changes."""

    def write(name, *documents) -> str:
        lines = [
            LINE | {"entities": ENTITIES, "id": f"{name}:{number}"} | each for number, each in enumerate(documents)
        ]
        with open(name, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
        return name

    return write


def test_sentences_of_an_article_are_all_learned_from_unless_it_is_held_out(listed, judged, written):
    sentence = {"unit": "sentence", "pmid": "2"}
    name = judged("b", sentence, sentence, sentence | {"pmid": "5"}, {"pmid": "1"}, {"pmid": "3"})
    (corpus,), logged = listed(f"- path: {name}", dev=written("dev", 5))
    assert [each.id for each in corpus.documents] == ["b:0", "b:1", "3"]
    assert logged == ["b: 2 documents left out, held out for evaluation or in a corpus before"]


def test_sentence_of_a_text_that_is_held_out_is_not_learned_from_without_its_pmid(listed, judged, tmp_path):
    shared = "Iron binds it, and this is said in so many words that no other article has them all (p < 0.05)."
    held_out, dev = {"unit": "sentence", "id": "other:3", "text": shared}, tmp_path / "dev"
    dev.write_text(f"9|t|A study.\n9|a|We looked. {shared} It is new.\n")
    name = judged("b", held_out, {"text": shared.replace("(p < 0.05)", "( P < 0.05 )")}, {}, {"text": shared[:50]})
    (corpus,), logged = listed(f"- path: {name}", dev=str(dev))
    assert [each.id for each in corpus.documents] == ["b:2", "b:3"]
    assert logged == ["b: 2 documents left out, held out for evaluation or in a corpus before"]


def test_document_that_judges_no_pair_is_learned_from_for_its_mentions_only(listed, judged):
    lines = f"- path: {judged('b', {'annotated_pairs': []}, {})}"
    (corpus,), logged = listed(lines)
    assert [each.id for each in corpus.documents] == ["b:1"]
    assert logged == ["b: 1 document left out, which judge no pair"]
    (corpus,), logged = listed(lines, tasks=["relation", "mentions"])
    assert (len(corpus.documents), logged) == (2, [])


def test_corpora_are_chosen_by_name_and_held_out_from_all_others(listed, judged):
    files = judged("b", {"pmid": "7"}, {"pmid": "8"}), judged("c", {"pmid": "7"}, {"pmid": "9"}), judged("d", {})
    lines = "".join(f"- {{path: {name}, name: of-{name}}}\n" for name in files)

    def chosen(**changes):
        return {corpus.name: [each.id for each in corpus.documents] for corpus in listed(lines, **changes)[0]}

    assert chosen() == {"of-b": ["7", "8"], "of-c": ["9"], "of-d": ["d:0"]}
    assert chosen(corpora_without=["of-b"]) == {"of-c": ["7", "9"], "of-d": ["d:0"]}
    assert chosen(corpora_held_out=["of-b"]) == {"of-c": ["9"], "of-d": ["d:0"]}
    assert chosen(corpora_only=["of-d"]) == {"of-d": ["d:0"]}
    assert chosen(max_corpus_documents=1) == {"of-b": ["7"], "of-c": ["9"], "of-d": ["d:0"]}
    with pytest.raises(SettingError, match=r"^corpora_only: the list of corpora has no 'of-e'; did you mean 'of-"):
        chosen(corpora_only=["of-e"])


def test_paths_of_the_list_start_from_the_folder_of_the_data(listed, judged, tmp_path):
    (tmp_path / "data").mkdir()
    judged("data/b", {})
    (corpus,), _ = listed("- path: b", data_dir="data")
    assert corpus.path == "data/b"


def test_entry_says_what_is_drawn_and_what_is_known(listed, judged):
    lines = "  share: 0.5\n  negatives_per_positive: 1\n  known_types: [Bind]\n  pair_types: [[A, B]]\n"
    (corpus,), _ = listed(f"- path: {judged('b', {})}\n{lines}  unsure: {{Bind: [Association]}}")
    assert (corpus.name, corpus.share, corpus.negatives_per_positive) == ("b", 0.5, 1)
    scope = corpus.scope
    assert (scope.known_types, scope.pair_types, scope.unsure) == (
        {"Bind"},
        {frozenset("AB")},
        {"Bind": ["Association"]},
    )
    assert scope.judgements["b:0"].complete == {frozenset([CHEMICAL, GENE])}


def test_corpus_that_leaves_something_open_is_not_complete_so_that_no_copies_are_made_of_it(listed, judged, written):
    lines = f"- path: {judged('b', {})}\n- {{path: {written('c', 2)}, known_types: [Bind]}}\n- path: {written('d', 3)}"
    assert [corpus.is_complete for corpus in listed(lines)[0]] == [False, False, True]


def test_relation_of_any_format_gets_the_subject_of_its_rule(listed, written):
    rules = "{INHIBITOR: {type: Negative_Correlation, subject: none}, PART-OF: {type: Association, subject: tail}}"
    (corpus,), _ = listed(f"- path: {written('b', 2)}\n  relation_types: {rules}")
    found = [(each.relation_type, each.subject_id) for each in corpus.documents[0].relations]
    assert found == [("Negative_Correlation", None), ("Association", "2"), ("Bind", None)]


@pytest.mark.parametrize(
    ("subjects", "rules", "expected", "undirected"),
    [
        (["1", "3"], {"INHIBITOR": "unknown"}, [None, "3", None], ["12"]),
        ([None, None], {"INHIBITOR": "none"}, [None, None, None], ["13", "23"]),
        ([None, None], {"INHIBITOR": "none", "PART-OF": "none", "Bind": "none"}, [None] * 3, []),
        ([None, None], {"INHIBITOR": "head"}, ["1", None, None], ["13", "23"]),
        (["1", "3"], {"INHIBITOR": "head"}, ["1", "3", None], []),
        (["1", "3"], {}, ["1", "3", None], None),
    ],
)
def test_rules_of_any_format_say_which_directions_are_known(subjects, rules, expected, undirected, listed, written):
    named = zip(RELATIONS, [*subjects, None], strict=True)
    relations = [replace(each, subject_id=name) for each, name in named]
    mapped = {name: {"type": "Bind", "subject": subject} for name, subject in rules.items()}
    (corpus,), _ = listed(f"- path: {written('b', 2, relations=relations)}\n  relation_types: {json.dumps(mapped)}")
    assert [each.subject_id for each in corpus.documents[0].relations] == expected
    found = corpus.scope.undirected
    assert found == (None if undirected is None else {"2": set(map(frozenset, undirected))} if undirected else {})
    assert corpus.is_complete is not bool(undirected)


def test_list_of_the_recipe_is_valid():
    chosen = settings("a", corpora=str(CHECKOUT / "recipes" / "corpora.yaml"), corpora_held_out=["drugprot-dev"])
    names = {entry.label for entry in learned_entries(chosen)}
    assert {"drugprot", "bc5cdr", "bc5cdr-dev", "extri2"} < names
    assert "drugprot-dev" not in names


# Documents with an error.

BAD = "8|t|Iron\n8|a|binds.\n8\t0\t5\tIrony\tChemicalEntity\t1\n8\t5\t10\tbinds\tGene\t2\n\n"


@pytest.fixture
def damaged(written):
    """Adds a document, whose first mention is not in its text, to a file."""

    def write(name, *ids) -> str:
        with open(written(name, *ids), "a", encoding="utf-8") as file:
            file.write(BAD)
        return name

    return write


def test_document_with_an_error_stops_the_run_or_is_left_out_and_logged(damaged):
    name = damaged("a", 1, 2)
    with pytest.raises(AnnotationError, match=r"^a:\d+: ends at 5 but|^a:\d+: says 'Irony'"):
        read(name)
    found, logged = read(name, errors="skip-document")
    assert found == {"a": "1 2"}
    assert logged[0].startswith("left out a document: a:")
    assert logged[1:] == ["a: left out: 1 document (mention differs from the text)"]
    found, logged = read(name, errors="skip-mention")
    assert found == {"a": "1 2 8"}
    assert logged[1:] == ["a: left out: 1 mention (mention differs from the text)"]


@pytest.mark.parametrize("errors", ["skip-document", "skip-mention"])
def test_document_with_an_error_is_held_out_all_the_same(errors, damaged, written):
    found, _ = read(written("a", 1, 8), exclude=[damaged("test", 2)], errors=errors)
    assert found == {"a": "1"}


@pytest.mark.parametrize("held_out", [{"exclude": ["b"]}, {"dev": "b"}, {"corpora_held_out": ["b"]}])
def test_article_of_json_lines_is_held_out_by_its_pmid_and_its_errors_are_not_counted(held_out, judged, written):
    bad = [*ENTITIES, {"start": 90, "end": 94, "type": None}]
    judged("b", {"pmid": "2", "unit": "section", "entities": bad, "relations": [{"head": 0, "tail": 9}]})
    with open("corpora.yaml", "w", encoding="utf-8") as file:
        file.write("- path: b\n- path: c\n  split: [dev]")
    judged("c", {"split": "dev"})
    held_out = {"corpora": "corpora.yaml", "corpora_only": ["c"], **held_out}
    chosen = settings(written("a", 1, 2), errors="skip-document", **held_out)
    policy = reading_policy(chosen)
    corpora = training_corpora(chosen, print, policy)
    assert [[each.id for each in corpus.documents] for corpus in corpora] == [["1"], ["c:0"]]
    assert policy.summary() == []


def test_held_out_file_that_cannot_be_read_stops_the_run(written):
    with open("test", "w", encoding="utf-8") as file:
        file.write("<!doctype html><html></html>")
    with pytest.raises(ParseError, match=r"^test: is a page of HTML"):
        read(written("a", 1), exclude=["test"], errors="skip-document")


def test_offsets_of_the_data_are_those_of_the_setting(written):
    with open("a", "w", encoding="utf-8") as file:
        file.write("1|t|\U0001f9ec Iron\n1\t3\t7\tIron\tChemicalEntity\t1\n1\tBind\t1\t2\n")
    (corpus,) = training_corpora(settings("a", offsets="utf-16"), print)
    assert corpus.documents[0].mentions[0].start_char == 2
    with pytest.raises(AnnotationError, match=r"^a:2: "):
        read("a")


@pytest.mark.parametrize(("offsets", "more"), [("utf-16", 1), ("bytes", 3)])
def test_offsets_of_json_lines_are_those_of_the_setting(offsets, more, judged):
    shifted = [each | {"start": each["start"] + 2 + more, "end": each["end"] + 2 + more} for each in ENTITIES]
    given = {"text": f"\U0001f9ec {LINE['text']}", "entities": shifted, "title_end": 6 + more}
    (corpus,) = training_corpora(settings(judged("a", given | RELATED), offsets=offsets), print)
    (document,) = corpus.documents
    assert [each.text for each in document.mentions] == ["Iron", "it"]
    assert document.passages[0].end_char == 6
    shifted[0]["text"] = "Iron"
    with pytest.raises(AnnotationError, match=r"^a:1: entities\[0\]: says 'Iron' but the text at "):
        read(judged("a", given | RELATED))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("", r"^corpora\.yaml: holds NoneType, not a list of corpora, each with `- path: FILE`$"),
        ("- b", r"^corpora\.yaml, corpus 1, .*; write `- path: FILE`"),
        ("- {partial: true}", r"^corpora\.yaml, corpus 1, .*'path'; write `- path: FILE`"),
        ("- {path: b, relations: {}}", r"^corpora\.yaml, corpus 1, .*unexpected keyword argument 'relations'"),
        ("- {path: b, partial: 'no'}", r"^corpora\.yaml, corpus 1, .*'partial'.*'no'"),
        ("- {path: b, share: 2}", r"^corpora\.yaml, corpus 1, .*share is 2"),
        ("- {path: b, max_documents: 0}", r"^corpora\.yaml, corpus 1, .*max_documents is 0; it is at least 1"),
        ("- {path: b, negatives_per_positive: .nan}", r"negatives_per_positive is nan; it is a number from 0"),
        ("- {path: b, negatives_per_positive: .inf}", r"negatives_per_positive is inf; it is a number from 0"),
        ("- {path: b, pair_types: [[A]]}", r"pair_types holds \['A'\]; write two entity types for each"),
        ("- {path: b, relation_types: {A: {subject: head}}}", r"relation_types A: give type"),
        ("- {path: b, relation_types: {A: {type: B, subject: C}}}", r"relation_types A: subject is one of head, tail"),
        ("- path: b\n- path: b", r"^corpora\.yaml: b: two corpora of one name; give one another `name`$"),
        ("- {path: b, relation_types: {A: 1}}", r"^corpora\.yaml, corpus 1, .*'A': 1.*'relation_types'"),
        ("- {path: b, relation_types: {No: A}}", r"{False: 'A'}.*'relation_types'.* quotes around names such as 'No'$"),
    ],
)  # fmt: skip
def test_list_of_corpora_with_a_mistake_is_refused(lines, message, listed):
    with pytest.raises(SettingError, match=message):
        listed(lines)


@pytest.mark.parametrize("key", ["split: [train]", "without_notes: [cause]", "group_by_id: false"])
def test_key_that_a_file_of_this_format_cannot_follow_is_refused(key, listed, written):
    written("b", 2)
    with pytest.raises(SettingError, match=rf"^b: {key.split(':')[0]} in the list of corpora needs JSON Lines"):
        listed(f"- {{path: b, {key}}}")
