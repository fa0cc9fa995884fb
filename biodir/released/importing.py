"""A folder of NCBI's released model to a checkpoint of biodir with the same scores."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from huggingface_hub.errors import StrictDataclassError
from torch import Tensor
from transformers import BertConfig, BertModel, BertTokenizer
from transformers.utils.logging import disable_progress_bar

from biodir.configuration_biodir import CHUNK_NAMES, DOT_PRODUCT, RELEASED, BioDirConfig
from biodir.errors_biodir import CheckpointError
from biodir.labels_biodir import CHEMICAL, DISEASE, GENE, PAIR_TYPES, RELATION_LABELS, TASKS, VARIANT
from biodir.modeling_released_biodir import ReleasedForRelationExtraction
from biodir.processing_biodir import make_processor
from biodir.released.archive import ARCHIVE, PREFIX_OF, ReleasedArchive, read_archive

ADDED_TOKENS = "added_tokens.json"
FILES = ("config.json", ARCHIVE, "vocab.txt", "tokenizer_config.json")
# Places of a row in the released code, whose soft prompt is in the last of them.
ROW_TOKENS = 512
# A layer takes memory even where its weights have none, so a damaged number would fill all of it.
MAX_LAYERS = 1000
# Settings by the labels of the relation: those of BioRED, and of BC5CDR, whose pair type is none of the eight, so that
# its soft prompt is the row after theirs.
_BIORED: Mapping[str, Any] = {"pair_types": PAIR_TYPES, "tag_types": {VARIANT: GENE}, "generic_relation": "Association"}
_CDR: Mapping[str, Any] = {
    "pair_types": [(CHEMICAL, DISEASE)],
    "tag_types": {CHEMICAL: "Chemical", DISEASE: "Disease"},
    "generic_relation": None,
    "hard_prompt": "What is the label of {tasks} between {entity1} and {entity2} ?",
}
CDR_LABELS = ("None", "CID")


def import_released(folder: Path, target: Path, one_chunk: bool = False) -> BioDirConfig:
    """Write a checkpoint of biodir with all that a released folder holds, and return its configuration.

    Everything is read and checked before the target is written, and the target appears when it is complete.

    Args:
        folder: as the released code saves it: `FILES`.
        target: a new or an empty folder.
        one_chunk: score a pair by one chunk, as the released code does where its data is read with
            `use_single_chunk`: the infix, or the complete text where that fits.

    Raises:
        CheckpointError: a file is missing or damaged, or they do not fit together.
    """
    _check_target(target)
    if not folder.exists():
        raise CheckpointError(f"{folder}: there is no such folder; name the folder of the released model")
    for name in FILES:
        if not (folder / name).is_file():
            hint = "; unpack the archive that NCBI publishes" if folder.is_file() else ""
            raise CheckpointError(f"{folder}: lacks {name}; name the folder of the released model{hint}")
    encoder = _encoder_config(folder)
    archive = read_archive(folder / ARCHIVE, encoder)
    config = _config(folder, encoder, archive, one_chunk)
    tokenizer = _tokenizer(folder, encoder.vocab_size)
    make_processor(tokenizer, config)  # which raises where a tag is missing
    model = ReleasedForRelationExtraction(config).eval()
    model.load_state_dict(_renamed(archive, config))
    disable_progress_bar()
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.absolute().parent) as beside:
        made = Path(beside) / "made"
        model.save_pretrained(made)
        tokenizer.save_pretrained(made)
        made.rename(target.absolute())  # where the target is "."
    return config


def _check_target(target: Path) -> None:
    if target.is_dir() and not any(target.iterdir()):
        return
    if target.exists() or not target.absolute().parent.is_dir():
        problem = "is there already" if target.exists() else f"{target.absolute().parent} is no folder"
        raise CheckpointError(f"{target}: cannot be written ({problem}); name a new or an empty folder")


def _encoder_config(folder: Path) -> BertConfig:
    """Return the configuration of the encoder, which must be a BERT that reads rows of 512 tokens."""
    path = folder / "config.json"
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        kind = values.get("model_type", "bert")
        config = BertConfig(**{key: value for key, value in values.items() if key != "auto_map"})
        if config.num_hidden_layers > MAX_LAYERS:
            raise ValueError(f"num_hidden_layers is {config.num_hidden_layers}; expected at most {MAX_LAYERS}")
        with torch.device("meta"):
            BertModel(config)  # which knows what sizes go together
    except (ValueError, TypeError, AttributeError, KeyError, ArithmeticError, StrictDataclassError) as error:
        raise CheckpointError(f"{path}: is damaged ({' '.join(str(error).split())[:160]}); get it again") from error
    if kind != "bert" or values.get("position_embedding_type", "absolute") != "absolute":
        raise CheckpointError(f"{path}: is that of {kind!r}; expected 'bert' with absolute positions")
    if config.max_position_embeddings < ROW_TOKENS:
        raise CheckpointError(
            f"{path}: max_position_embeddings is {config.max_position_embeddings}; expected at least {ROW_TOKENS}"
        )
    return config


def _config(folder: Path, encoder: BertConfig, archive: ReleasedArchive, one_chunk: bool) -> BioDirConfig:
    relations = archive.labels["relation"]
    own = _CDR if tuple(relations) == CDR_LABELS else _BIORED
    if tuple(relations) not in (CDR_LABELS, RELATION_LABELS):
        raise CheckpointError(
            f"{folder / ARCHIVE}: the relation labels are {', '.join(relations)}; expected those of BioRED "
            f"({', '.join(RELATION_LABELS)}) or of BC5CDR ({', '.join(CDR_LABELS)}), in this order"
        )
    # The one label of a task that a corpus does not annotate makes no task here.
    labels = {f"{task}_labels": archive.labels[task] if len(archive.labels[task]) > 1 else [] for task in TASKS}
    return BioDirConfig(
        encoder_config=encoder,
        pair_encoding=RELEASED,
        chunk_pooling="max" if archive.uses_single_chunk else DOT_PRODUCT,
        chunks=["infix"] if one_chunk else list(CHUNK_NAMES),
        soft_prompt_tokens=archive.prompt_tokens,
        max_tokens=ROW_TOKENS,
        **labels,
        **own,
    )


def _renamed(archive: ReleasedArchive, config: BioDirConfig) -> dict[str, Tensor]:
    """Return the weights by their names in our model; the pooler of the encoder is not among them."""
    weights = {
        name.replace("bert_model.", "encoder.", 1): value
        for name, value in archive.weights.items()
        if name.startswith("bert_model.") and not name.startswith("bert_model.pooler.")
    }
    row_of = {types: row for row, types in enumerate(PAIR_TYPES)}
    is_cdr = tuple(archive.labels["relation"]) == CDR_LABELS
    rows = [len(row_of) if is_cdr else row_of[first, second] for first, second in config.pair_types]
    table = archive.weights["soft_prompt.weight"]
    weights["soft_prompt.vectors"] = table[rows].view(len(rows), archive.prompt_tokens, -1)
    for task in config.tasks:
        for part, ours in (("token_poolor.dense", "dense"), ("token_classifier", "classifier")):
            for kind in ("weight", "bias"):
                weights[f"heads.{task}.{ours}.{kind}"] = archive.weights[f"{PREFIX_OF[task]}_{part}.{kind}"]
    return weights


def _tokenizer(folder: Path, rows: int) -> BertTokenizer:
    """Return the tokenizer, whose tokens have the numbers that the files say.

    Args:
        folder: with vocab.txt, the tokens by lines, and those that were added.
        rows: of the embeddings.
    """
    try:
        lines = (folder / "vocab.txt").read_text(encoding="utf-8").rstrip("\n").split("\n")
        added = folder / ADDED_TOKENS
        expected = {token: number for number, token in enumerate(lines)}
        expected |= json.loads(added.read_text(encoding="utf-8")) if added.is_file() else {}
        tokenizer = _tokenizer_of_files(folder)
        found = tokenizer.get_vocab()
        differing = [token for token, number in expected.items() if found.get(token) != number]
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        reason = " ".join(str(error).split())[:160]
        raise CheckpointError(
            f"{folder}: vocab.txt, {ADDED_TOKENS} and tokenizer_config.json cannot be read ({reason}); get them again"
        ) from error
    if differing or len(tokenizer) > rows:
        problem = f"disagree on {differing[0]!r}" if differing else f"have {len(tokenizer)} tokens"
        raise CheckpointError(
            f"{folder}: vocab.txt, {ADDED_TOKENS} and tokenizer_config.json {problem}; expected one tokenizer of at "
            f"most {rows} tokens, the rows of the embeddings in config.json"
        )
    return tokenizer


def _tokenizer_of_files(folder: Path) -> BertTokenizer:
    """Return the tokenizer of the released code's own files; BertTokenizer prefers a tokenizer.json beside them."""
    with tempfile.TemporaryDirectory() as alone:
        for name in ("vocab.txt", "tokenizer_config.json", ADDED_TOKENS):
            if (folder / name).is_file():
                shutil.copyfile(folder / name, Path(alone, name))
        return BertTokenizer.from_pretrained(alone)
