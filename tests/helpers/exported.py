"""Tiny checkpoints of both forms with their ONNX graphs, and documents for them."""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from biodir.cli import main
from biodir.labels_biodir import ENTITY_TYPES, bio_labels
from helpers.tiny_checkpoint import save_checkpoint

# The first text fills several windows; in the second two documents meet in a batch.
LONG = {
    "text": "aspirin stops pain . " + "filler " * 90 + "warfarin binds the gene . aspirin again .",
    "entities": [
        {"start": 0, "end": 7, "type": "ChemicalEntity", "id": "C1"},
        {"start": 14, "end": 18, "type": "DiseaseOrPhenotypicFeature", "id": "D1"},
        {"start": 651, "end": 659, "type": "ChemicalEntity", "id": "C2"},
        {"start": 670, "end": 674, "type": "GeneOrGeneProduct", "id": "G1"},
    ],
}
SHORT = {
    "text": "iron and the drug",
    "entities": [
        {"start": 0, "end": 4, "type": "ChemicalEntity", "id": "C1"},
        {"start": 13, "end": 17, "type": "ChemicalEntity", "id": "C2"},
    ],
}


def exported_checkpoint(folder: Path, form: str) -> Path:
    """Save a tiny checkpoint with a tagger and weights as wide as those of trained encoders, and export it."""
    settings = {"initializer_range": 0.1, "tagger_labels": bio_labels(ENTITY_TYPES), "tagger_layers": 1}
    found = save_checkpoint(folder, pair_encoding=form, **settings)
    weights = load_file(found / "model.safetensors")
    layers = [name for name in weights if name.startswith(("encoder.encoder.", "tagger.layers."))]
    inner = [name for name in layers if weights[name].ndim > 1]
    save_file(weights | {name: 0.3 * weights[name] for name in inner}, found / "model.safetensors", {"format": "pt"})
    assert main(["export-onnx", "--model", str(found)]) == 0
    return found


def scores_of(extract, *documents) -> torch.Tensor:
    """(pairs, labels of all tasks), pairs in the order of their identifiers."""
    rows = {}
    for number, results in enumerate(extract(documents or [LONG, SHORT], return_all_scores=True)):
        for result in results:
            key = number, *sorted((result["subject"]["id"], result["object"]["id"]))
            rows[key] = [score for task in result["scores"].values() for score in task.values()]
    return torch.tensor([rows[key] for key in sorted(rows)])
