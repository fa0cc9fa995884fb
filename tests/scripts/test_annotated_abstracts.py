"""Annotations without texts, joined with the corpora that have them."""

import json
from pathlib import Path

import pytest

from biodir.errors_biodir import AnnotationError
from biodir.formats.reading import read_documents
from biodir.labels_biodir import CHEMICAL, DISEASE, GENE, PAIR_TYPES
from biodir.training.corpus_list import CorpusEntry
from biodir.training.judged_documents import judged_document
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
ANNOTATION = {
    "id": "nlm_gene:7",
    "sha256": annotated.sha256(TEXT),
    "mentions": [[16, 27, "D"], [29, 33, "C"], [50, 54, "D"]],
    "left_out": [50],
    "same": [],
    "relations": [[0, 16, "Association", 0], [41, 29, "Negative_Correlation", 29], [16, 29, "Association", None]],
}


def test_mentions_of_the_corpus_and_added_ones_are_joined():
    found = annotated.joined(ANNOTATION, SOURCE)
    spans = [(each["start"], each["end"], each["type"]) for each in found["entities"]]
    assert spans == [(0, 4, GENE), (16, 27, DISEASE), (29, 33, CHEMICAL), (41, 46, GENE)]
    assert [each["subject"] for each in found["relations"]] == ["head", "tail", "none"]
    assert found["annotated_pairs"] == [list(pair) for pair in PAIR_TYPES]


def test_joined_document_can_be_learned_from():
    judged = judged_document(annotated.joined(ANNOTATION, SOURCE), CorpusEntry("a.jsonl"))
    relations = {(each.relation_type, each.subject_id) for each in judged.document.relations}
    gene, _, zinc, other = (mention.identifiers[0] for mention in judged.document.mentions)
    assert gene == other
    assert relations == {("Association", gene), ("Negative_Correlation", zinc), ("Association", None)}
    assert judged.judgement.complete == {frozenset(pair) for pair in PAIR_TYPES}


def test_direction_that_is_left_out_is_not_annotated():
    lines = {**ANNOTATION, "relations": [[0, 16, "Association"], [41, 29, "Bind", None]]}
    document = annotated.joined(lines, SOURCE)
    assert [each["subject"] for each in document["relations"]] == [None, "none"]
    judged = judged_document(document, CorpusEntry("a.jsonl"))
    gene, disease, *_ = (mention.identifiers[0] for mention in judged.document.mentions)
    assert judged.judgement.undirected == {frozenset((gene, disease))}


def test_groups_join_entities():
    lines = {**ANNOTATION, "left_out": [], "same": [[16, 50]]}
    judged = judged_document(annotated.joined(lines, SOURCE), CorpusEntry("a.jsonl"))
    diseases = {each.identifiers for each in judged.document.mentions if each.entity_type == DISEASE}
    assert len(diseases) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"left_out": [3]}, "nlm_gene:7: no mention starts at 3"),
        ({"same": [[0, 3]]}, "no mention starts at 3"),
        ({"relations": [[0, 3, "Bind", None]]}, "no mention starts at 3"),
        ({"relations": [[0, 16, "Bind", 41]]}, "nlm_gene:7: the subject 41 is none of 0 and 16"),
        ({"relations": [[0, 16, "Binds", None]]}, "nlm_gene:7: 'Binds' is no relation type"),
        ({"mentions": [[16, 27, "X"]]}, "nlm_gene:7: mentions of type X; types are C, D, G, V"),
    ],
)
def test_what_no_mention_or_type_is_called_is_an_error(change, words):
    with pytest.raises(AnnotationError) as caught:
        annotated.joined({**ANNOTATION, **change}, SOURCE)
    assert words in str(caught.value)


def write(folder: Path, annotation: dict, source: dict) -> Path:
    (folder / "extra").mkdir()
    (folder / "extra" / "nlm_gene.jsonl.xz").write_text(json.dumps(source) + "\n")  # the reader looks at the content
    (folder / "annotations.jsonl").write_text(json.dumps(annotation) + "\n")
    return folder / "annotations.jsonl"


def run(folder: Path, path: Path) -> None:
    annotated.main(["--data_dir", f"{folder}", "--annotations", f"{path}", "--output", f"{folder / 'out.jsonl'}"])


def test_program_writes_documents_and_counts(tmp_path, capsys):
    run(tmp_path, write(tmp_path, ANNOTATION, SOURCE))
    (line,) = (tmp_path / "out.jsonl").read_text().splitlines()
    assert json.loads(line) == annotated.joined(ANNOTATION, SOURCE)
    shown = ["1 documents, 4 mentions", "Association: 2", "Negative_Correlation: 1"]
    assert capsys.readouterr().out.splitlines() == shown


@pytest.mark.parametrize("change", [{"text": TEXT + " "}, {"id": "nlm_gene:8"}])
def test_nothing_is_written_where_the_corpus_is_another(tmp_path, change):
    path = write(tmp_path, ANNOTATION, {**SOURCE, **change})
    with pytest.raises(SystemExit, match="has none of the abstracts that are annotated"):
        run(tmp_path, path)
    assert not (tmp_path / "out.jsonl").exists()


def test_documents_with_another_text_are_counted(tmp_path, capsys):
    path = write(tmp_path, ANNOTATION, SOURCE)
    with path.open("a") as file:
        for change in ({"id": "nlm_gene:9", "sha256": "0"}, {"id": "nlm_gene:8"}):
            file.write(json.dumps({**ANNOTATION, **change}) + "\n")
    with (tmp_path / "extra" / "nlm_gene.jsonl.xz").open("a") as file:
        file.write(json.dumps({**SOURCE, "id": "nlm_gene:9"}) + "\n")
    run(tmp_path, path)
    assert capsys.readouterr().out.splitlines()[1:3] == [
        "1 have another text in extra/nlm_gene.jsonl.xz",
        "1 are not in extra/nlm_gene.jsonl.xz",
    ]


@pytest.mark.corpus
def test_all_annotated_abstracts_are_in_the_corpora(data_dir, tmp_path, capsys):
    output = tmp_path / "annotated.jsonl"
    annotated.main(["--data_dir", f"{data_dir}", "--output", f"{output}"])
    assert not any(" in extra/" in line for line in capsys.readouterr().out.splitlines())
    documents = list(map(json.loads, output.read_text().splitlines()))
    given = [json.loads(line) for line in annotated.ANNOTATIONS.read_text().splitlines()]
    assert {each["id"] for each in documents} == {each["id"] for each in given}
    relations = sum(len(judged_document(each, CorpusEntry("a")).document.relations) for each in documents)
    assert relations > 0.99 * sum(len(each["relations"]) for each in given)


@pytest.mark.corpus
def test_no_document_of_bioredirect_is_annotated(data_dir):
    known = {each.id for path in data_dir.glob("bioredirect/*.pubtator") for each in read_documents(path)}
    given = [json.loads(line)["id"] for line in annotated.ANNOTATIONS.read_text().splitlines()]
    assert len(known) == 600
    assert not known & {each.split(":")[1] for each in given}
