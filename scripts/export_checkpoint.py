"""Writes a trained checkpoint as a Hub repository with float16 weights, which load as float32.

    python scripts/export_checkpoint.py runs/first .

Half the size on the Hub; a CPU computes in float32 faster than in float16, and a GPU user asks for another with dtype=.
"""

import argparse
import json
from pathlib import Path

import torch

from biodir.inference.loading import load_pipeline


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("run", help="folder that train.py wrote")
    parser.add_argument("target", type=Path, help="folder of the Hub repository, such as the checkout")
    parser.add_argument(
        "--calibrated-like",
        type=Path,
        metavar="RUN",
        help="run whose dev documents chose the decoding bias",
    )
    options = parser.parse_args()
    extract = load_pipeline(options.run, device="cpu")
    extract.model.half().save_pretrained(options.target)
    extract.tokenizer.save_pretrained(options.target)
    config_file = options.target / "config.json"
    config = json.loads(config_file.read_text())
    config["encoder_config"].pop("_name_or_path", None)  # may be a folder of the machine that trained
    if options.calibrated_like:
        config["calibrated_on"] = json.loads((options.calibrated_like / "config.json").read_text())["calibrated_on"]
    config["dtype"] = config["encoder_config"]["dtype"] = str(torch.float32).removeprefix("torch.")
    config_file.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
