"""The mean of checkpoints."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from biodir.errors_biodir import CheckpointError
from biodir.inference.loading import load_pipeline
from script_module import script
from tiny_checkpoint import save_checkpoint

average = script("average_checkpoints")


def test_mean_of_checkpoints_is_a_checkpoint_with_the_mean_of_each_weight(tmp_path):
    folders = [save_checkpoint(tmp_path / name) for name in ("one", "two", "three")]
    for number, folder in enumerate(folders):
        weights = {
            name: torch.full_like(value, number) for name, value in load_file(folder / "model.safetensors").items()
        }
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    average.main([*map(str, folders), "--output", str(tmp_path / "mean")])
    found = load_file(tmp_path / "mean" / "model.safetensors")
    assert set(found) == set(weights)
    assert all(torch.equal(value, torch.ones_like(value)) for value in found.values())
    assert load_pipeline(str(tmp_path / "mean"), device="cpu").model.config.model_type == "biodir"


@pytest.mark.parametrize(
    "settings", [{"pair_encoding": "pooled"}, {"novelty_labels": []}, {"hard_prompt": "{tasks} {entity1} {entity2}"}]
)
def test_checkpoints_of_other_kinds_have_no_mean(tmp_path, settings):
    folders = [save_checkpoint(tmp_path / "one"), save_checkpoint(tmp_path / "two", **settings)]
    with pytest.raises(CheckpointError, match=r"has other labels, form or sizes than .*; average like with like"):
        average.averaged_model([str(folder) for folder in folders])
