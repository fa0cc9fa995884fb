"""Our JSON Lines and rows in the library `datasets`, which guesses the types of columns: documents stay equal."""

import json

import pytest

from biodir import Document, Mention, Passage, Relation
from biodir.dataset_script.import_command import write_documents
from biodir.formats.reading import read_documents

datasets = pytest.importorskip("datasets")

TEXT = "Iron harms EGFR. It does."
# Identifiers and texts that a table could take for numbers or nothing; "-" is one of nothing.
DOCUMENTS = (
    Document(
        "15917650",
        TEXT,
        (Mention(0, 4, "Iron", "Chemical", ("007501",)), Mention(11, 15, "EGFR", "Gene", ("1956", "13649"))),
        (
            Relation("Bind", "007501", "1956", "No", "1956", 0.5, 1.0, 0.25),
            Relation("1", "1956", "007501", None, None, None, None, None),
        ),
        (Passage(0, 16, "title"), Passage(17, 25, "abstract")),
        (("007501", "1956"),),
        "PMC1",
    ),
    Document("2", "NA 5", (Mention(0, 2, "NA", "Gene", ()), Mention(3, 4, "5", "Gene", ("1e5",)))),
    Document("-", "5"),
)


@pytest.mark.parametrize("order", [1, -1])
def test_our_json_lines_are_the_same_documents_after_the_library_datasets(order, tmp_path):
    write_documents(DOCUMENTS[::order], tmp_path / "a.jsonl")
    file = str(tmp_path / "a.jsonl")
    rows = datasets.load_dataset("json", data_files=file, split="train", cache_dir=str(tmp_path / "cache"))
    found = [Document.from_dict(row) for row in rows]
    assert found == list(DOCUMENTS[::order])
    assert [(each.subject_lines, each.pmcid) for each in found] == [
        (each.subject_lines, each.pmcid) for each in DOCUMENTS[::order]
    ]
    assert [each.to_dict() for each in found] == [each.to_dict() for each in DOCUMENTS[::order]]


def test_lists_of_identifiers_survive_parquet_and_are_read_back(tmp_path):
    datasets.Dataset.from_list([each.to_dict() for each in DOCUMENTS]).to_parquet(tmp_path / "a.parquet")
    assert list(read_documents(tmp_path / "a.parquet")) == list(DOCUMENTS)


def test_string_and_list_of_one_identifier_are_the_same_document():
    mapping = DOCUMENTS[0].to_dict()
    assert [entity["id"] for entity in mapping["entities"]] == [["007501"], ["1956", "13649"]]
    mapping["entities"][0]["id"] = "007501"
    assert Document.from_dict(json.loads(json.dumps(mapping))) == DOCUMENTS[0]
