"""Which files make the Hub repository of a model."""

import json
import re
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import biodir.errors_biodir
from biodir.configuration_biodir import CODE_FILES
from biodir.inference.loading import CHECKPOINT_FILES, LFS_POINTER
from biodir.publishing.assembly import RepositoryFile
from biodir.publishing.card_check import HUB_CARD, MODEL_CARD, check_card, check_eval_results
from biodir.publishing.errors import PublishError
from biodir.publishing.facts import MEASURED, check_fingerprint
from biodir.publishing.samples import sample_file

# What stands beside the code and goes with every model.
COMPANIONS = ("handler.py", "LICENSE", "CITATION.cff")
# What a container of Inference Endpoints installs for the code; the torch there is the one for its device.
REQUIREMENTS = ("transformers", "huggingface-hub", "safetensors")
SETTINGS = "setup.cfg"
# What belongs to a model where it is there.
EVALUATION = (".eval_results/*.yaml", "results/*.json")
# Stands in the card for the place where the model will be.
PLACEHOLDER = "ORG/NAME"


def model_repository(model: Path, repo_id: str, checkout: Path | None = None) -> list[RepositoryFile]:
    """The files of the repository.

    Args:
        model: folder of the checkpoint, its card and its evaluation results.
        repo_id: what the card's examples load.
        checkout: where the code and its companions are; None for the code that runs.

    Raises:
        PublishError: a file is missing, the card's metadata are not whole, the sample is none for the model, or the
            results are another model's.
    """
    checkout = checkout or Path(biodir.errors_biodir.__file__).resolve().parent
    _check_complete(model, checkout)
    card = (model / MODEL_CARD).read_text(encoding="utf-8")
    check_card(card, json.loads((model / "config.json").read_text(encoding="utf-8")), str(model / MODEL_CARD))
    evaluation = list(_evaluation(model))
    for file in evaluation:
        if file.path.startswith(".eval_results/"):
            check_eval_results(file.source)
    if (model / MEASURED).is_file():
        check_fingerprint(model)
    return [
        *(RepositoryFile(name, model / name) for name in CHECKPOINT_FILES),
        *(RepositoryFile(name, checkout / name) for name in (*CODE_FILES, *COMPANIONS)),
        sample_file(model, checkout),
        RepositoryFile(HUB_CARD, model / MODEL_CARD, card.replace(PLACEHOLDER, repo_id)),
        RepositoryFile("requirements.txt", checkout / SETTINGS, requirements(checkout / SETTINGS)),
        *evaluation,
    ]


def requirements(settings: Path) -> str:
    """The lines of requirements.txt: versions as the installation asks for them."""
    parser = ConfigParser()
    parser.read(settings, encoding="utf-8")
    lines = parser["options"]["install_requires"].split()
    named = {re.split(r"[<>=!~]", line)[0]: line for line in lines}
    return "".join(f"{named[name]}\n" for name in REQUIREMENTS)


def _evaluation(model: Path) -> Iterator[RepositoryFile]:
    for pattern in EVALUATION:
        for path in sorted(model.glob(pattern)):
            yield RepositoryFile(path.relative_to(model).as_posix(), path)


def _check_complete(model: Path, checkout: Path) -> None:
    if not model.is_dir():
        raise PublishError(f"{model}: there is no such folder; name the folder of a checkpoint")
    for folder, names, fix in (
        (model, CHECKPOINT_FILES, "save model and tokenizer into it with save_pretrained"),
        (model, (MODEL_CARD,), "write the card of this model"),
        (checkout, (*CODE_FILES, *COMPANIONS, SETTINGS), "publish from a checkout of biodir"),
    ):
        missing = [name for name in names if not (folder / name).is_file()]
        if missing:
            raise PublishError(f"{folder}: lacks {', '.join(missing)}; {fix}")
    with open(model / "model.safetensors", "rb") as file:
        if file.read(len(LFS_POINTER)) == LFS_POINTER:
            raise PublishError(f"{model / 'model.safetensors'}: is a pointer of Git LFS; fetch it with `git lfs pull`")
