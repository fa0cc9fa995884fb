"""The pipeline over ONNX graphs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from biodir.errors_biodir import CheckpointError
from biodir.optional import optional_library
from biodir.pipeline_extraction_biodir import RelationExtraction
from biodir.pipeline_tagging_biodir import MentionFinder
from biodir.runtime.manifest import (
    EMBEDDINGS,
    ENCODER,
    ENDINGS,
    HEADS,
    MANIFEST,
    PROMPTS,
    TAGGER,
    TOKENIZER,
    Manifest,
    RuntimeSettings,
    check_files,
)
from biodir.runtime.scoring import SCORERS, DocumentScorer, Embeddings, Inputs, Logits, PairwiseScorer, WordTagger
from biodir.runtime.sessions import Graph


@dataclass(frozen=True)
class RuntimeTokenizer:
    """What processors take of a tokenizer of transformers.

    >>> from tokenizers import Tokenizer, models
    >>> RuntimeTokenizer(Tokenizer(models.BPE()), cls_token_id=2, sep_token_id=3, pad_token_id=0, unk_token_id=1)
    RuntimeTokenizer(backend_tokenizer=..., cls_token_id=2, sep_token_id=3, pad_token_id=0, unk_token_id=1)
    """

    backend_tokenizer: Any
    cls_token_id: int
    sep_token_id: int
    pad_token_id: int
    unk_token_id: int

    @classmethod
    def read(cls, path: Path, token_ids: Mapping[str, int]) -> "RuntimeTokenizer":
        """Return the tokenizer of a file."""
        tokenizers = optional_library("tokenizers", "onnx", "the run-time of ONNX graphs")
        named = {f"{name}_token_id": number for name, number in token_ids.items()}
        return cls(tokenizers.Tokenizer.from_file(str(path)), **named)


class OnnxPipeline(RelationExtraction):
    """The pipeline over a folder of graphs; call, parameters, results and errors are those of `BioDirPipeline`.

    Threads may share it. It can be pickled, where the process that unpickles it sees the folder.

    Args:
        folder: that `biodir export-onnx` wrote.
        manifest: of the folder.
        backend: "onnx" or "onnx-int8", one of `manifest.backends`.
        threads: that compute.
        parameters: see `BioDirPipeline`.

    Raises:
        CheckpointError: a file is missing or of another size than the manifest says, or the form is unknown.
        SettingError: a parameter is not as described.

    >>> issubclass(OnnxPipeline, RelationExtraction)  # commands take either pipeline
    True
    """

    def __init__(self, folder: Path, manifest: Manifest, backend: str, threads: int, **parameters: Any) -> None:
        self.folder, self.manifest, self.backend, self.threads = folder, manifest, backend, threads
        super().__init__(**parameters)
        check_files(folder, manifest, self._file_names())
        self._scorer: Any = self._make_scorer() if self.config.tasks else None
        self.tokenizer = RuntimeTokenizer.read(folder / TOKENIZER, manifest.token_ids)
        finder = MentionFinder(self._tagger, self.config, self.tokenizer) if self.config.tagger_labels else None
        self._use_parts(self.tokenizer, finder)

    @property
    def config(self) -> RuntimeSettings:
        """The settings of the model."""
        return self.manifest.settings

    @property
    def fingerprint(self) -> str:
        """What changes with any file that results depend on."""
        used = {name: entry["sha256"] for name, entry in self.manifest.files.items()}
        return f"{self.backend} {self.manifest.weights} {sorted(used.items())}"

    def forward(self, model_inputs: Inputs) -> Logits:
        """Return task -> (batch, labels)."""
        return self._scorer(model_inputs)

    def _file_names(self) -> list[str]:
        ending = ENDINGS[self.backend]
        encoder = [f"{ENCODER}{ending}", HEADS] if self.config.tasks else []
        tagger = [f"{TAGGER}{ending}"] if self.config.tagger_labels else []
        return [TOKENIZER, EMBEDDINGS, PROMPTS, *encoder, *tagger]

    @cached_property
    def _embeddings(self) -> Embeddings:
        # Mapped into memory: of the table of all tokens, only the pages of those that occur are read.
        return Embeddings(np.load(self.folder / EMBEDDINGS, mmap_mode="r"), np.load(self.folder / PROMPTS))

    @property
    def _tagger(self) -> WordTagger:
        graph = self._graph(f"{TAGGER}{ENDINGS[self.backend]}")
        return WordTagger(graph, self._embeddings, self.config.pair_encoding == "document")

    def _make_scorer(self) -> DocumentScorer | PairwiseScorer:
        form = self.config.pair_encoding
        if form not in SCORERS:
            raise CheckpointError(
                f"{self.folder / MANIFEST}: the form {form!r} is unknown to the run-time, which computes "
                f"{' and '.join(map(repr, SCORERS))}; use the checkpoint with --backend torch"
            )
        encoder, heads = self._graph(f"{ENCODER}{ENDINGS[self.backend]}"), self._graph(HEADS)
        return SCORERS[form](encoder, heads, self._embeddings, self.config.tasks, self.config.closest_mentions)

    def _graph(self, name: str) -> Graph:
        return Graph(self.folder / name, self.threads)

    def __reduce__(self) -> tuple[Any, ...]:
        names = ("_batch_size", "_preprocess_params", "_postprocess_params")
        arguments = self.folder, self.manifest, self.backend, self.threads
        return OnnxPipeline, arguments, {name: getattr(self, name) for name in names}
