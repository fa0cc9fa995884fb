"""The manifest of a folder of graphs: what the run-time must know beside them, as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from biodir.errors_biodir import CheckpointError
from biodir.files import file_sha256, write_json
from biodir.processing_tokens_biodir import ProcessingSettings

# The folder of the graphs in that of a checkpoint, and the manifest in it.
FOLDER, MANIFEST = "onnx", "manifest.json"
# Raised when a program of before could not use the files any more.
FORMAT = 2
# Other files of the folder; those of graphs are in `ENDINGS`.
TOKENIZER, EMBEDDINGS, PROMPTS, HEADS = "tokenizer.json", "embeddings.npy", "prompts.npy", "heads.onnx"
# Back end -> what ends the names of its graphs of the encoder and of the tagger; the first that is there is taken.
ENDINGS = {"onnx": ".onnx", "onnx-int8": "_int8.onnx"}
ENCODER, TAGGER = "encoder", "tagger"
# All files of a folder.
GRAPHS = tuple(f"{name}{ending}" for name in (ENCODER, TAGGER) for ending in ENDINGS.values())
FILES = (MANIFEST, TOKENIZER, EMBEDDINGS, PROMPTS, HEADS, *GRAPHS)


@dataclass(frozen=True)
class RuntimeSettings(ProcessingSettings):
    """What processing, decoding and checks of parameters read of a `BioDirConfig`, with the same names.

    >>> from biodir.configuration_biodir import BioDirConfig
    >>> settings = RuntimeSettings.from_config(BioDirConfig(pair_encoding="document", novelty_labels=[]))
    >>> settings.tasks, settings.labels["direction"][0]
    (['relation', 'direction'], 'None')
    """

    pair_encoding: str
    labels: Mapping[str, Sequence[str]]
    relation_labels: Sequence[str]
    entity_types: Sequence[str]
    type_map: Mapping[str, str | None]
    token_budget: int
    generic_relation: str | None
    relation_threshold: float
    none_bias: float
    relation_thresholds: Mapping[str, float]
    label_biases: Mapping[str, float]
    tagger_labels: Sequence[str]
    calibrated_on: Sequence[str] | None
    # Manifests of before lack these.
    relation_loss: str = "binary"
    closest_mentions: bool = False
    score_scaling: Mapping[str, Sequence[float]] = field(default_factory=dict)
    # What the graphs were loaded from; not written.
    name_or_path: str = ""

    @classmethod
    def from_config(cls, config: Any) -> "RuntimeSettings":
        """Return the settings of a `BioDirConfig`, as JSON keeps them."""
        names = [each.name for each in fields(cls) if each.name != "name_or_path"]
        return cls(**json.loads(json.dumps({name: getattr(config, name) for name in names})))


@dataclass(frozen=True)
class Manifest:
    """What is in a folder of graphs.

    Args:
        settings: of the model.
        token_ids: "cls", "sep", "pad" and "unk" -> the id of this token.
        files: name -> size and SHA-256 of each other file of the folder.
        sources: name -> SHA-256 of each file of the checkpoint that the graphs were made of.
        weights: SHA-256 of the weights, whatever files hold them.
        versions: library -> the version that wrote the files.
        format: `FORMAT`.

    >>> len([field.name for field in fields(Manifest)])
    7
    """

    settings: RuntimeSettings
    token_ids: Mapping[str, int]
    files: Mapping[str, Mapping[str, Any]]
    sources: Mapping[str, str]
    weights: str
    versions: Mapping[str, str]
    format: int = FORMAT

    @property
    def backends(self) -> list[str]:
        """The back ends that have graphs, the exact one first."""
        return [name for name, ending in ENDINGS.items() if self._has_graphs(ending)]

    def _has_graphs(self, ending: str) -> bool:
        wanted = [ENCODER] * bool(self.settings.tasks) + [TAGGER] * bool(self.settings.tagger_labels)
        return all(f"{name}{ending}" in self.files for name in wanted)

    def write(self, folder: Path) -> None:
        """Write the manifest into a folder, atomically."""
        write_json(folder / MANIFEST, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Return the manifest of a folder.

        Raises:
            CheckpointError: it is not there, damaged, or of another version of the format.
        """
        path = folder / MANIFEST
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            found = values.get("format")
            if found == FORMAT:
                return cls(**{**values, "settings": RuntimeSettings(**values["settings"])})
        except FileNotFoundError as error:
            raise CheckpointError(f"{folder} has no {MANIFEST}; write it with biodir export-onnx") from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise CheckpointError(f"{path} is damaged: {error}; write it again with biodir export-onnx") from error
        raise CheckpointError(
            f"{path} has format {found!r}, but this biodir reads {FORMAT}; write it again with biodir export-onnx"
        )


def described(path: Path) -> dict[str, Any]:
    """Return size and SHA-256 of a file, as the manifest has them."""
    return {"bytes": path.stat().st_size, "sha256": file_sha256(path)}


def check_files(folder: Path, manifest: Manifest, names: Sequence[str]) -> None:
    """Check that files of a folder are there with the size that the manifest says.

    Raises:
        CheckpointError: one is not.
    """
    for name in names:
        path = folder / name
        found = path.stat().st_size if path.is_file() else None
        wanted = manifest.files[name]["bytes"] if name in manifest.files else "no such file"
        if found != wanted:
            seen = "is missing" if found is None else f"has {found} bytes"
            raise CheckpointError(
                f"{path} {seen}, but {MANIFEST} says {wanted}; write it again with biodir export-onnx"
            )


def check_sources(checkpoint: Path, manifest: Manifest) -> None:
    """Check that files of a checkpoint, those that are there, are the ones that the graphs were made of.

    Raises:
        CheckpointError: one is not, such as weights that were trained further.
    """
    for name, wanted in manifest.sources.items():
        if (checkpoint / name).is_file() and file_sha256(checkpoint / name) != wanted:
            raise CheckpointError(
                f"{checkpoint / FOLDER}: the graphs are of another {name} than the one in {checkpoint}; write them "
                "again with biodir export-onnx"
            )
