"""Whether a run may be resumed: with the settings and the data of the record that it left, wherever the files lie."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from biodir.errors_biodir import SettingError
from biodir.training.checkpoints import newest_state, run_record
from biodir.training.preparation import data_of
from biodir.training.settings import TrainingSettings

# Settings that name files or folders: what counts is the content of these.
NAME_FILES = (
    *("train", "dev", "extra_train", "corpora", "data_dir", "mention_train", "unlabelled", "exclude"),
    *("encoder", "teachers"),
)


def is_finished(settings: TrainingSettings, log: Callable[[str], Any] = print) -> bool:
    """Return whether the folder holds the finished run of these settings and data, to which nothing is to be added.

    Raises:
        SettingError: settings or data are others; or epochs are to be added, but no state is left to resume from.
    """
    output = Path(settings.output_dir)
    record = run_record(output)
    if record is None or not (record["finished"] or newest_state(output / "states") is None):
        return False
    try:
        data = data_of(settings)
    except OSError:  # a file is missing, which the reading of the data then says
        return False
    check_same_run(settings, data, record)
    done, best, patience = len(record["epochs"]), record["best_epoch"], settings.early_stopping_patience
    if not record["finished"]:
        log(f"{output}: the run was stopped after epoch {done}, and no usable state is left; it starts again")
        return False
    if done == settings.last_epoch or (patience and done - best >= patience):
        log(f"{output}: the run is finished and stays as it is, with the checkpoint of epoch {best}")
        return True
    if newest_state(output / "states") is None:
        raise SettingError(
            f"{output}: the run ended after epoch {done}, and no usable state is left to resume from; name that epoch "
            "by --stop_after_epoch, take another --output_dir, or start again with --overwrite_output_dir"
        )
    return False


def check_same_run(settings: TrainingSettings, data: Mapping[str, str], record: Mapping[str, Any]) -> None:
    """Check that a run with these settings and this data goes on where the run of the record was.

    Args:
        data: path -> fingerprint of the files that the settings name.
        record: of a saved state, or training.json.

    Raises:
        SettingError: settings or data are others.
    """
    mine, others = asdict(settings), dict(record["settings"])
    for name in NAME_FILES:
        contents = _contents(name, mine[name], data)
        if contents and contents == _contents(name, others.get(name), record["data"]):
            others[name] = mine[name]
    differences = settings.differences(others)
    if _distinct(record["data"]) != _distinct(data):
        differences.append("the content of the data files has changed")
    if differences:
        raise SettingError(
            f"{settings.output_dir}: cannot resume with other settings ({'; '.join(differences)}); give the old ones, "
            "or start again with --overwrite_output_dir"
        )


def _contents(name: str, value: Any, data: Mapping[str, str]) -> list[list[str]] | None:
    """Return the fingerprints of each file or folder that a setting names; None where one has none."""
    if name == "data_dir":  # that of the corpora, which are a part of all data
        return [_distinct(data)]
    given = value if isinstance(value, list | tuple) else [value]
    found = [
        [digest for path, digest in data.items() if path == each or _is_in(path, each, name)]
        for each in given
        if each is not None
    ]
    return found if all(found) else None


def _is_in(path: str, folder: str, name: str) -> bool:
    """Return whether this is the file of an encoder, or of a teacher, in that folder."""
    if name == "encoder":
        return Path(path) == Path(folder) / "model.safetensors"
    return name == "teachers" and Path(path).parent == Path(folder)


def _distinct(data: Mapping[str, str]) -> list[str]:
    return list(dict.fromkeys(data.values()))
