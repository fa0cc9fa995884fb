"""Annotations without texts, joined with the corpora that have them."""

import json
import lzma
from collections import Counter
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest

from biodir.document_biodir import Document
from biodir.errors_biodir import AnnotationError
from biodir.formats.reading import read_documents
from biodir.labels_biodir import CHEMICAL, DISEASE, GENE, PAIR_TYPES
from biodir.training.corpus_list import CorpusEntry
from biodir.training.held_out import HeldOut
from biodir.training.judged_documents import judged_document
from helpers.checkout import CHECKOUT
from helpers.script_module import script

annotated = script("annotated_abstracts")
TEXT = "KRAS is high in lung cancer. Zinc lowers K-ras in lung."
SOURCE = {
    "id": "nlm_gene:7",
    "pmid": "7",
    "text": TEXT,
    "title_end": 28,
    "entities": [
        {"start": 0, "end": 4, "type": GENE, "id": "3845"},
        {"start": 41, "end": 46, "type": GENE, "id": "3845"},
        {"start": 29, "end": 33, "type": GENE, "id": "-"},
        {"start": 16, "end": 20, "type": DISEASE},
    ],
    "annotated_types": [GENE],
}
LINE = {
    "id": "nlm_gene:7",
    "sha256": annotated.text_hash(TEXT),
    "mentions": [[16, 27, "D"], [29, 33, "C"], [50, 54, "D"]],
    "left_out": [50],
    "same": [],
    "relations": [[0, 16, "Association", 0], [41, 29, "Negative_Correlation", 29], [16, 29, "Association", None]],
}


def joined(**changes) -> dict:
    return annotated.joined(annotated.annotation_of({**LINE, **changes}), SOURCE)


def test_mentions_of_the_corpus_and_added_ones_are_joined():
    found = joined()
    spans = [(each["start"], each["end"], each["type"]) for each in found["entities"]]
    assert spans == [(0, 4, GENE), (16, 27, DISEASE), (29, 33, CHEMICAL), (41, 46, GENE)]
    assert [each["subject"] for each in found["relations"]] == ["head", "tail", "none"]
    assert found["annotated_pairs"] == [list(pair) for pair in PAIR_TYPES]


def test_joined_document_can_be_learned_from():
    judged = judged_document(joined(), CorpusEntry("a.jsonl"))
    relations = {(each.relation_type, each.subject_id) for each in judged.document.relations}
    gene, _, zinc, other = (mention.identifiers[0] for mention in judged.document.mentions)
    assert gene == other
    assert relations == {("Association", gene), ("Negative_Correlation", zinc), ("Association", None)}
    assert judged.judgement.complete == {frozenset(pair) for pair in PAIR_TYPES}


def test_direction_that_is_left_out_is_not_annotated():
    document = joined(relations=[[0, 16, "Association"], [41, 29, "Bind", None]])
    assert [each["subject"] for each in document["relations"]] == [None, "none"]
    judged = judged_document(document, CorpusEntry("a.jsonl"))
    gene, disease, *_ = (mention.identifiers[0] for mention in judged.document.mentions)
    assert judged.judgement.undirected == {frozenset((gene, disease))}


def test_groups_join_entities():
    judged = judged_document(joined(left_out=[], same=[[16, 50]]), CorpusEntry("a.jsonl"))
    diseases = {each.identifiers for each in judged.document.mentions if each.entity_type == DISEASE}
    assert len(diseases) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"left_out": [3]}, "nlm_gene:7: no mention starts at 3"),
        ({"same": [[0, 3]]}, "nlm_gene:7: no mention starts at 3"),
        ({"same": [[16, 50]]}, "nlm_gene:7: the mention at 50 is left out; take it out of left_out or elsewhere"),
        ({"relations": [[0, 3, "Bind", None]]}, "nlm_gene:7: no mention starts at 3"),
        ({"relations": [[0, 16, "Bind", 41]]}, "nlm_gene:7: [0, 16, 'Bind', 41] is no relation of two mentions"),
        ({"relations": [[0, 0, "Bind", None]]}, "nlm_gene:7: [0, 0, 'Bind', None] is no relation of two mentions"),
        ({"relations": [[0, 16, "Binds", None]]}, "nlm_gene:7: 'Binds' is no relation type; write one of Association"),
        ({"relations": [[0, 16]]}, "is no annotation of an abstract as annotated_abstracts.py explains"),
        ({"mentions": [[16, 27, "X"]]}, "nlm_gene:7: 'X' is no type; write one of C, D, G, V"),
        ({"mentions": [[16, 27, "D"], [20, 30, "D"]]}, "nlm_gene:7: the mention at 20 overlaps another"),
        ({"mentions": [[50, 99, "D"]]}, "nlm_gene:7: the mention at 50 overlaps another, or is not in the text"),
        ({"mentions": None}, "is no annotation"),
    ],
)
def test_wrong_line_is_an_error_that_says_where(changes, words):
    with pytest.raises(AnnotationError) as caught:
        joined(**changes)
    assert words in str(caught.value)


def test_section_of_an_article_stays_one_and_keeps_its_id():
    section = annotated.joined(annotated.annotation_of(LINE), {**SOURCE, "unit": "section"})
    assert (section["unit"], joined()["unit"]) == ("section", "abstract")
    assert judged_document(section, CorpusEntry("a.jsonl")).document.id == LINE["id"]


def test_of_nested_mentions_of_the_corpus_the_longest_stays():
    nested = {**SOURCE, "entities": [{"start": 2, "end": 4, "type": GENE}, *SOURCE["entities"]]}
    assert annotated.joined(annotated.annotation_of(LINE), nested) == joined()


def write(folder: Path, annotation: dict, source: dict) -> Path:
    (folder / "extra").mkdir()
    (folder / "extra" / "nlm_gene.jsonl.xz").write_text(json.dumps(source) + "\n")  # the reader looks at the content
    (folder / "annotations.jsonl").write_text(json.dumps(annotation) + "\n")
    return folder / "annotations.jsonl"


def run(folder: Path, path: Path) -> None:
    annotated.main(["--data_dir", f"{folder}", "--annotations", f"{path}", "--output", f"{folder / 'out.jsonl'}"])


def test_program_writes_documents_and_counts(tmp_path, capsys):
    run(tmp_path, write(tmp_path, LINE, SOURCE))
    (line,) = (tmp_path / "out.jsonl").read_text().splitlines()
    assert json.loads(line) == joined()
    shown = ["1 document, 4 mentions, 3 relations", "Association: 2", "Negative_Correlation: 1"]
    left_out = "left out: 1 mentions of extra/nlm_gene.jsonl.xz, which overlap others"
    assert capsys.readouterr().out.splitlines() == [*shown, left_out]


@pytest.mark.parametrize("change", [{"text": TEXT + " "}, {"id": "nlm_gene:8"}])
def test_nothing_is_written_where_the_corpus_is_another(tmp_path, change):
    path = write(tmp_path, LINE, {**SOURCE, **change})
    with pytest.raises(SystemExit, match="has none of the abstracts that are annotated"):
        run(tmp_path, path)
    assert not (tmp_path / "out.jsonl").exists()


def test_documents_with_another_text_are_counted(tmp_path, capsys):
    path = write(tmp_path, LINE, SOURCE)
    with path.open("a") as file:
        for change in ({"id": "nlm_gene:9", "sha256": "0"}, {"id": "nlm_gene:8"}):
            file.write(json.dumps({**LINE, **change}) + "\n")
    with (tmp_path / "extra" / "nlm_gene.jsonl.xz").open("a") as file:
        file.write(json.dumps({**SOURCE, "id": "nlm_gene:9"}) + "\n")
    run(tmp_path, path)
    assert {
        "left out: 1 documents, which have another text in extra/nlm_gene.jsonl.xz",
        "left out: 1 documents, which are not in extra/nlm_gene.jsonl.xz",
    } < {*capsys.readouterr().out.splitlines()}


def test_folder_without_a_corpus_is_an_error(tmp_path):
    path = write(tmp_path, {**LINE, "id": "seth:7"}, SOURCE)
    with path.open("a") as file:
        file.write(json.dumps({**LINE, "id": "bc5cdr:7"}) + "\n")
    with pytest.raises(SystemExit, match=r"has no extra/seth.jsonl.xz, bc5cdr/CDR_TrainingSet.PubTator.txt; name"):
        run(tmp_path, path)


def test_wrong_line_is_named(tmp_path):
    path = write(tmp_path, LINE, SOURCE)
    with path.open("a") as file:
        file.write('{"id": "nlm_gene:8"}\n')
    with pytest.raises(SystemExit, match=r"annotations.jsonl:2: is no annotation"):
        run(tmp_path, path)


def test_bc5cdr_is_read_from_its_own_file(tmp_path):
    (tmp_path / "bc5cdr").mkdir()
    text = "7|t|Zinc.\n7|a|Pain.\n7\t0\t4\tZinc\tChemical\tD1\n7\t6\t10\tPain\tDisease\tD2|D3\n\n"
    (tmp_path / annotated.source_path("bc5cdr")).write_text(text)
    (source,) = annotated.source_documents(tmp_path, "bc5cdr", [])
    assert (source["id"], source["text"], source["title_end"]) == ("bc5cdr:7", "Zinc. Pain.", 5)
    assert [(each["type"], each["id"]) for each in source["entities"]] == [(CHEMICAL, "D1"), (DISEASE, "D2;D3")]
    assert source["annotated_types"] == [CHEMICAL, DISEASE]


def test_passages_of_the_text_for_pretraining_are_its_lines(tmp_path):
    (tmp_path / "text").mkdir()
    lines = ["A line.", "TITLE: Zinc in pain", "ABSTRACT.RESULTS:: Zinc lowers pain: by half.", "DNA: it is long."]
    (tmp_path / annotated.source_path("text")).write_text("\n".join(lines) + "\n")
    wanted = ["text:1-3", "text:3-4", "text:3-5", "text:2-2", "text:x"]
    found = {each["id"]: each["text"] for each in annotated.source_documents(tmp_path, "text", wanted)}
    assert found == {"text:1-3": "Zinc in pain Zinc lowers pain: by half.", "text:3-4": "DNA: it is long."}
    line = {**LINE, "id": "text:3-4", "sha256": annotated.text_hash("DNA: it is long."), "mentions": [[0, 3, "C"]]}
    annotations = [annotated.annotation_of({**line, "left_out": [], "relations": []})]
    (document,) = annotated.joined_documents(annotations, tmp_path, Counter())
    assert (document["id"], document["unit"], document["pmid"]) == ("text:3-4", "section", None)


@pytest.mark.parametrize(
    ("sentence", "text"),
    [
        ("Zn ( 2 + ) - dependent PKC - alpha / beta , at 1 : 3 .", "Zn (2 +)-dependent PKC-alpha/beta, at 1:3."),
        ("Smad3 ' s [ 3H ] label  ( 0 . 5 % ) ; the 3 ' UTR ?", "Smad3's [3H] label (0.5%); the 3' UTR?"),
        ("Ras --> Raf - - > ERK", "Ras --> Raf --> ERK"),
        ("A line with none, as it was (1.5-fold).", "A line with none, as it was (1.5-fold)."),
    ],
)
def test_spaces_around_marks_are_taken_out_of_sentences(sentence, text, tmp_path):
    assert annotated.written(sentence) == text
    (tmp_path / "text").mkdir()
    (tmp_path / annotated.source_path("sentences")).write_text(f"No part .\nIt is so .\n{sentence}\n")
    (found,) = annotated.source_documents(tmp_path, "sentences", ["sentences:1-3", "sentences:2-4"])
    assert (found["id"], found["text"]) == ("sentences:1-3", f"It is so. {text}")


@pytest.fixture(scope="module")
def lines() -> list[dict]:
    return list(map(json.loads, annotated.ANNOTATIONS.read_text().splitlines()))


def test_documentation_counts_them(lines):
    text = " ".join((CHECKOUT / "docs" / "training.md").read_text().split())
    relations = sum(len(line["relations"]) for line in lines)
    assert f"has the relations of {len(lines):,} abstracts and sections of articles of seventeen public" in text
    assert f"(below: annotated texts): {relations:,} relations, twenty-two times" in text
    undirected = sum(len(each) == 3 for line in lines for each in line["relations"])
    assert f"Associations of two genes ({undirected:,}) is not annotated: 64.5 %" in text
    corpora = {line["id"].split(":")[0] for line in lines}
    assert len(corpora) == 19
    for corpus in corpora:
        of_corpus = [line["relations"] for line in lines if line["id"].startswith(f"{corpus}:")]
        assert f"| `{corpus}` | {len(of_corpus):,} | {sum(map(len, of_corpus)):,} |" in text


@pytest.mark.corpus
def test_held_out_abstracts_are_no_training_texts(lines, data_dir, tmp_path):
    held_out, output = annotated.ANNOTATIONS.with_name("held_out_abstracts.jsonl"), tmp_path / "joined.jsonl"
    annotated.main(["--data_dir", f"{data_dir}", "--annotations", f"{held_out}", "--output", f"{output}"])
    joined = [json.loads(line) for line in output.read_text().splitlines()]
    assert len(joined) == 170
    assert {each["id"] for each in joined}.isdisjoint(line["id"] for line in lines)
    assert sum(len(judged_document(each, CorpusEntry("a")).document.relations) for each in joined) == 722


def test_only_associations_lack_a_direction(lines):
    assert {len(each) for line in lines for each in line["relations"]} == {3, 4}
    assert {each[2] for line in lines for each in line["relations"] if len(each) == 3} == {"Association"}


@pytest.fixture(scope="module")
def joined_texts(data_dir, tmp_path_factory) -> tuple[dict[str, dict], str]:
    """The joined documents of all annotations by their ids, and what the program printed."""
    output = tmp_path_factory.mktemp("joined") / "annotated.jsonl"
    with redirect_stdout(StringIO()) as shown:
        annotated.main(["--data_dir", f"{data_dir}", "--output", f"{output}"])
    return {each["id"]: each for each in map(json.loads, output.read_text().splitlines())}, shown.getvalue()


@pytest.mark.corpus
def test_all_annotated_abstracts_are_in_the_corpora(joined_texts, lines):
    documents, shown = joined_texts
    assert "left out: 0" not in shown
    assert "documents, which" not in shown
    assert {*documents} == {line["id"] for line in lines}
    for line in lines:
        judged = judged_document(documents[line["id"]], CorpusEntry("a"))
        assert len(judged.document.relations) == len(line["relations"])
        genes = {name for each in judged.document.mentions if each.entity_type == GENE for name in each.identifiers}
        associated = (each for each in judged.document.relations if each.relation_type == "Association")
        pairs = {frozenset((each.entity1_id, each.entity2_id)) for each in associated}
        without_direction = any(len(each) == 3 for each in line["relations"])
        assert judged.judgement.undirected == {pair for pair in pairs if pair <= genes and without_direction}


@pytest.mark.corpus
def test_no_document_for_scores_is_annotated_nor_a_sentence_of_one(data_dir, joined_texts):
    held = HeldOut()
    known = {each.id: each for path in data_dir.glob("bioredirect/*.pubtator") for each in read_documents(path)}
    assert len(known) == 600
    known |= {each.id: each for each in read_documents(data_dir / "bc5cdr" / "CDR_DevelopmentSet.PubTator.txt")}
    for document in known.values():
        held.add(document)
    # DrugProt by PMID only: three texts share a sentence without content with it, such as that of a special issue.
    with lzma.open(data_dir / "extra" / "drugprot.jsonl.xz", "rt", encoding="utf-8") as file:
        drugprot = [each for each in map(json.loads, file) if each["split"] == "dev"]
    held.ids.update(each["pmid"] for each in drugprot)
    assert len(held.ids) > 1_700
    found = joined_texts[0].values()
    assert not [each["id"] for each in found if held.has(Document(each["id"], each["text"]), each["pmid"])]
    # The text for pretraining has no PMID, so sentences are compared.
    for each in drugprot:
        held.add(Document(each["id"], each["text"]))
    texts = [each for each in found if each["id"].startswith(("text:", "sentences:"))]
    assert len(texts) > 1_000
    assert not [each["id"] for each in texts if held.has(Document(each["id"], each["text"]), None)]
