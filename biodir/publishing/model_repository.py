"""Lists the files of the Hub repository of a model."""

import json
import re
from collections.abc import Sequence
from configparser import ConfigParser
from pathlib import Path

import biodir.errors_biodir
from biodir.checkpoint_names import CHECKPOINT_FILES, WEIGHTS, check_checkpoint
from biodir.configuration_biodir import RELEASED, BioDirConfig
from biodir.document_biodir import Document, Mention
from biodir.document_candidates_biodir import candidate_pairs
from biodir.document_inputs_biodir import with_known_types
from biodir.document_pubtator_biodir import parse_document
from biodir.errors_biodir import AnnotationError, BioDirError
from biodir.formats.pubtator_writer import format_pubtator
from biodir.publishing.card_check import HUB_CARD, MODEL_CARD, check_card, check_eval_results
from biodir.publishing.errors import PublishError
from biodir.publishing.facts import MEASURED, check_fingerprint
from biodir.publishing.graphs import graph_files

# The files that `auto_map` and `custom_pipelines` of config.json name; the other code files follow from their imports.
ENTRY_FILES = ("configuration_biodir.py", "modeling_biodir.py", "pipeline_biodir.py")
# The model of released weights.
RELEASED_FILES = ("modeling_released_biodir.py",)
# Files that go with every model.
COMPANIONS = ("handler.py", "LICENSE", "CITATION.cff")
# What a container of Inference Endpoints installs for the code; it has the torch of its device.
REQUIREMENTS = ("transformers", "huggingface-hub", "safetensors")
SETTINGS = "setup.cfg"
# Files of a model that may be absent.
EVALUATION = (".eval_results/*.yaml", "results/*.json")
# The card has it in place of the repository's name.
PLACEHOLDER = "ORG/NAME"
SAMPLE = "samples/sample.pubtator"
# Pair types in a sample that is made: enough to try a model, and far below the limits of `handler.py`.
MADE_PAIRS = 8


def model_repository(model: Path, repo_id: str, checkout: Path | None = None) -> dict[str, Path | str]:
    """Return the files of the repository.

    Args:
        model: folder of the checkpoint, its card and its evaluation results.
        repo_id: name that the card's examples load.
        checkout: folder of the code and its companions; None for the code that is running.
    """
    checkout = checkout or Path(biodir.errors_biodir.__file__).resolve().parent
    _check_complete(model, checkout)
    card = (model / MODEL_CARD).read_text(encoding="utf-8")
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    check_card(card, config, str(model / MODEL_CARD))
    released = RELEASED_FILES if config.get("pair_encoding") == RELEASED else ()
    evaluation = [path for pattern in EVALUATION for path in sorted(model.glob(pattern))]
    for path in evaluation:
        if path.suffix == ".yaml":
            check_eval_results(path)
    if (model / MEASURED).is_file():
        check_fingerprint(model)
    return {
        **{name: model / name for name in CHECKPOINT_FILES},
        **{name: checkout / name for name in (*code_files(checkout, released), *COMPANIONS)},
        SAMPLE: sample(model, checkout),
        HUB_CARD: card.replace(PLACEHOLDER, repo_id),
        "requirements.txt": requirements(checkout / SETTINGS),
        **{path.relative_to(model).as_posix(): path for path in evaluation},
        **graph_files(model),
    }


def code_files(checkout: Path, others: Sequence[str] = ()) -> list[str]:
    """Return the names of the code files that transformers loads with the entry files, and with others."""
    from transformers.dynamic_module_utils import get_relative_import_files  # imports torch, so not at the top

    entries = *ENTRY_FILES, *others
    try:
        imported = [path for name in entries for path in get_relative_import_files(checkout / name)]
    except FileNotFoundError as error:
        raise PublishError(f"{error.filename}: there is no such file; publish from a checkout of biodir") from error
    return sorted({*entries, *(Path(path).name for path in imported)})


def requirements(settings: Path) -> str:
    """Return the lines of requirements.txt, with the versions that the installation requires."""
    parser = ConfigParser()
    parser.read(settings, encoding="utf-8")
    lines = parser["options"]["install_requires"].split()
    named = {re.split(r"[<>=!~]", line)[0]: line for line in lines}
    return "".join(f"{named[name]}\n" for name in REQUIREMENTS)


def sample(model: Path, checkout: Path) -> Path | str:
    """Return the file or the text of the repository's sample: a document with at least one candidate pair of the model.

    It is the model's own `samples/sample.pubtator` or the first other PubTator file there; without one, the sample of
    the checkout if its entity types are the model's; else one made from the model's pair types.

    Args:
        model: folder of the checkpoint.
        checkout: folder with the sample of biodir.
    """
    config = BioDirConfig.from_pretrained(model)
    own, shared = model / SAMPLE, checkout / SAMPLE
    for path in (own, *sorted(own.parent.glob("*.pubtator"))):
        if path.is_file():
            _check_sample(path, config)
            return path
    try:
        _check_sample(shared, config)
    except (PublishError, FileNotFoundError):  # it has other entity types
        return format_pubtator(made_document(config.pair_types))
    return shared


def made_document(pair_types: Sequence[Sequence[str]]) -> Document:
    """Return a document with one sentence for each of the first pair types, which names two entities of these types.

    Entities of one type differ in a number; the first entity of a sentence always has the number 1.
    """
    text, mentions = "", []
    for first, second in pair_types[:MADE_PAIRS]:
        names = (f"{first} 1", f"{second} {2 if first == second else 1}")
        for entity_type, name, link in ((first, names[0], " acts on "), (second, names[1], ". ")):
            mentions.append(Mention(len(text), len(text) + len(name), name, entity_type, (name.replace(" ", "_"),)))
            text += name + link
    return Document("sample", text.rstrip(), tuple(mentions))


def _check_complete(model: Path, checkout: Path) -> None:
    check_checkpoint(str(model), takes_hub_id=False)
    if not (model / WEIGHTS).is_file():
        raise PublishError(
            f"{model}: its weights are in several files; save them in one {WEIGHTS} with "
            'save_pretrained(folder, max_shard_size="50GB")'
        )
    for folder, names, fix in (
        (model, (MODEL_CARD,), "write the card of this model"),
        (checkout, (*COMPANIONS, SETTINGS), "publish from a checkout of biodir"),
    ):
        missing = [name for name in names if not (folder / name).is_file()]
        if missing:
            raise PublishError(f"{folder}: lacks {', '.join(missing)}; {fix}")


def _check_sample(path: Path, config: BioDirConfig) -> None:
    """Check that the file holds one document that has a candidate pair."""
    try:
        document = parse_document(path.read_text(encoding="utf-8"), str(path))
        known = with_known_types(document, config.entity_types, config.type_map or {})
        if not any(candidate_pairs(known.entities(), config.pair_types)):
            raise AnnotationError(
                "no two of its entities form a pair type of config.json; give a document that has one"
            )
    except (BioDirError, UnicodeDecodeError) as error:
        raise PublishError(f"{path} cannot be the sample: {error}") from error
