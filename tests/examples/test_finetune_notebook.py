"""The notebook on fine-tuning: it runs from top to bottom, and its stored outputs are those of one run."""

import json
import re
from copy import deepcopy

import nbformat
import pytest
from nbclient import NotebookClient

from biodir.formats.pubtator_reader import read_pubtator
from biodir.formats.pubtator_writer import format_pubtator
from helpers.checkout import CHECKOUT

EXAMPLES = CHECKOUT / "examples"
NOTEBOOK = nbformat.read(EXAMPLES / "finetune.ipynb", as_version=4)


def printed(cells: list) -> str:
    """The standard output of the cells."""
    outputs = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]
    return "".join(output.text for output in outputs if output.output_type == "stream" and output.name == "stdout")


def f1_of(level: str, text: str) -> float:
    """F1 of a level in the table that the notebook prints."""
    return float(re.search(rf"^{level} +\S+ +\S+ +(\S+)", text, re.MULTILINE).group(1))


@pytest.mark.slow
def test_notebook_teaches_the_checkpoint_the_labels_of_its_corpus(tmp_path):
    notebook = deepcopy(NOTEBOOK)
    (parameters,) = (cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ()))
    parameters.source += f"\nOUTPUT = Path({str(tmp_path)!r})\nEPOCHS = 6"
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(EXAMPLES)}}).execute()
    text = printed(notebook.cells)
    assert f1_of("entity_pair", text) >= 60
    assert f1_of("relation_type_direction", text) >= 40
    assert re.search(r"^0\.\d\d +\w+ +.*(-->|---)", text, re.MULTILINE)
    log = json.loads((tmp_path / "training.json").read_text())
    assert (log["finished"], len(log["epochs"])) == (True, 6)
    assert json.loads((tmp_path / "config.json").read_text())["relation_labels"][1:] == [
        "Induces",
        "Inhibits",
        "Lowers_Exposure",
        "Metabolizes",
        "Raises_Exposure",
    ]


def test_stored_outputs_come_from_one_run_from_top_to_bottom():
    counts = [cell.execution_count for cell in NOTEBOOK.cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
    outputs = [output for cell in NOTEBOOK.cells if cell.cell_type == "code" for output in cell.outputs]
    assert {output.output_type for output in outputs} == {"stream", "display_data"}
    assert "Raises_Exposure  Grapefruit juice --> lovastatin" in printed(NOTEBOOK.cells)


@pytest.mark.parametrize("part", ["train", "dev"])
def test_corpus_has_directions_and_is_written_back_unchanged(part):
    path = EXAMPLES / "corpus" / f"food_drug_{part}.pubtator"
    documents = list(read_pubtator(path))
    assert "".join(map(format_pubtator, documents)) == path.read_text(encoding="utf-8")
    assert all(relation.subject_id for document in documents for relation in document.relations)
