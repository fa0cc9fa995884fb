"""A tiny checkpoint with a card, as `biodir publish` takes it."""

import subprocess
from pathlib import Path
from typing import Any

from helpers.tiny_checkpoint import save_checkpoint

CARD = """\
---
language: en
license: apache-2.0
library_name: transformers
base_model: some-group/encoder
datasets:
- some-group/corpus
tags:
- relation-extraction
- custom_code
model-index:
- name: tiny
  results:
  - task:
      type: biomedical-relation-extraction
    dataset:
      name: Corpus
      type: some-group/corpus
    metrics:
    - type: f1
      value: 0.5
---

# A tiny model

`pipeline("biomedical-relation-extraction", model="ORG/NAME", trust_remote_code=True)`
"""


def save_publishable(folder: Path, **settings: Any) -> Path:
    """Save a checkpoint with a card and an evaluation result, and return its folder.

    Args:
        settings: settings of the configuration, as in `save_checkpoint`.
    """
    model = save_checkpoint(folder, pair_encoding="document", **settings)
    (model / "model_card.md").write_text(CARD)
    (model / ".eval_results").mkdir()
    (model / ".eval_results" / "corpus.yaml").write_text(
        "- dataset: {id: some-group/corpus, task_id: all}\n  value: 0.5\n"
    )
    return model


def run(command: list[str], environment: dict[str, str], cwd: Path) -> str:
    """Return what the program prints."""
    done = subprocess.run(
        command, env=environment, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
