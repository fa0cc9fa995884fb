"""Write a trained checkpoint as a Hub repository with float16 weights, which load as float32.

    python scripts/export_checkpoint.py runs/first .

Half the size on the Hub; a CPU computes in float32 faster than in float16, and a GPU user asks for another with dtype=.
Each file is written atomically, the weights last. The record of a run, its training.json, is copied with the hashes of
what was exported; a checkpoint without one leaves none in the target.
"""

import argparse
import filecmp
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from biodir.errors_biodir import BioDirError, CheckpointError
from biodir.files import file_sha256, write_json
from biodir.inference.loading import load_pipeline
from biodir.training.checkpoints import check_no_file, record_of
from biodir.training.provenance import provenance

RECORD = "training.json"
WEIGHTS = "model.safetensors"


def main(arguments: Sequence[str] | None = None) -> None:
    """Export as the command line says; on bad input the program ends with a line that names it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("run", help="folder that train.py wrote")
    parser.add_argument("target", type=Path, help="folder of the Hub repository, such as the checkout")
    text = "run whose dev documents chose the decoding bias, and the scaling of scores, which is taken from it"
    parser.add_argument("--calibrated-like", type=Path, metavar="RUN", help=text)
    options = parser.parse_args(arguments)
    try:
        calibration = calibration_of(options.calibrated_like) if options.calibrated_like else {}
        export(options.run, options.target, calibration)
    except BioDirError as error:
        raise SystemExit(f"export_checkpoint.py: error: {error}") from error


def export(run: str, target: Path, calibration: Mapping[str, Any] | None = None) -> None:
    """Write the checkpoint, its tokenizer and, where it is a run's, the record; the weights last.

    Args:
        calibration: see `calibration_of`; None or empty for that of the run.

    Raises:
        CheckpointError: the run is no checkpoint, or the target is a run or a file.
        SettingError: the calibration is not for tasks of the run.
    """
    check_no_file(target, "target")
    record = target / RECORD
    is_run = record.is_file() and "exported" not in record_of(record)
    if is_run or target.resolve() == Path(run).resolve():
        raise CheckpointError(f"{target}: this is a run, whose float32 weights would be lost; name another target")
    extract = load_pipeline(run, device="cpu")
    for name, value in (calibration or {}).items():
        setattr(extract.model.config, name, value)
    extract.model.config.validate_score_scaling()
    target.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target) as beside:  # on the same disk
        extract.model.half().save_pretrained(beside)
        extract.tokenizer.save_pretrained(beside)
        config_file = Path(beside) / "config.json"
        config = json.loads(config_file.read_text(encoding="utf-8"))
        for part in (config, config["encoder_config"]):
            part.pop("_name_or_path", None)
            part["dtype"] = "float32"
        config_file.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", "utf-8")
        if (Path(run) / RECORD).is_file():
            record = without_folders(json.loads((Path(run) / RECORD).read_text(encoding="utf-8")))
            hashes = {name: file_sha256(Path(run) / name) for name in (WEIGHTS, RECORD)}
            record["exported"] = {"sha256": hashes, "provenance": provenance()}
            write_json(Path(beside) / RECORD, record)
        else:
            (target / RECORD).unlink(missing_ok=True)  # of what was exported before
        for path in sorted(Path(beside).iterdir(), key=lambda path: (path.name == WEIGHTS, path.name)):
            place = target / path.name
            if not (place.is_file() and filecmp.cmp(path, place, shallow=False)):  # the checkout's own code stays
                os.replace(path, place)


def calibration_of(run: Path) -> dict[str, Any]:
    """Return what documents chose the run's decoding bias, `calibrated_on`, and its `score_scaling`, maybe empty.

    Raises:
        CheckpointError: the run names no documents.
    """
    config = run / "config.json"
    found = json.loads(config.read_text(encoding="utf-8")) if config.is_file() else {}
    if not found.get("calibrated_on"):
        raise CheckpointError(
            f"{config}: names no documents (calibrated_on), as of a run without --dev; name the run whose dev "
            "documents chose the bias"
        )
    return {"calibrated_on": found["calibrated_on"], "score_scaling": found.get("score_scaling") or {}}


def without_folders(value: Any) -> Any:
    """Return the value with file names in place of absolute paths; keys that become equal are numbered."""
    if isinstance(value, str):
        return Path(value).name if os.path.isabs(value) else value
    if isinstance(value, list):
        return [without_folders(part) for part in value]
    if not isinstance(value, dict):
        return value
    names = [without_folders(key) for key in value]
    earlier = [names[:place].count(name) for place, name in enumerate(names)]
    numbered = [f"{name} ({count + 1})" if count else name for name, count in zip(names, earlier, strict=True)]
    return dict(zip(numbered, map(without_folders, value.values()), strict=True))


if __name__ == "__main__":
    main()
