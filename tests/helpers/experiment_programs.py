"""Small programs in place of train.py and the one that scores: the tests of the runner know what they answer."""

from pathlib import Path

# Fails with a soft prompt of 13 tokens, and stops in the middle of the run with one of 7 until it is resumed.
TRAIN = """
import json, sys
from pathlib import Path

options, name = {}, None
for argument in sys.argv[1:]:
    if argument.startswith("--"):
        name = argument[2:]
        options[name] = []
    else:
        options[name].append(argument)
output = Path(options["output_dir"][0])
output.mkdir(parents=True, exist_ok=True)
with open(output / "calls.txt", "a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
tokens, seed = options["soft_prompt_tokens"][0], int(options["seed"][0])
if tokens == "13":
    print("reading the data")
    sys.exit("no prompt has 13 tokens")
(output / "states").mkdir(exist_ok=True)
epochs = [{"epoch": 1, "train_s": 30.0 * seed}, {"epoch": 2, "train_s": 30.0 * seed}]
stopped = tokens == "7" and "resume_from_checkpoint" not in options
log = {"settings": {"soft_prompt_tokens": int(tokens), "seed": seed}, "provenance": {"commit": "c0ffee0123"}}
log |= {"epochs": epochs[:1] if stopped else epochs, "steps": 40, "finished": not stopped}
(output / "training.json").write_text(json.dumps(log))
sys.exit("killed" if stopped else 0)
"""
# F1 of the type is a tenth of the seed and a hundredth for each token of the soft prompt; 0.5 of joined models.
SCORE = """
import json, sys
from pathlib import Path

models = sys.argv[sys.argv.index("--models") + 1 : sys.argv.index("--json")]
if models[0].startswith("relation="):
    f1, heads = 0.5, {}
else:
    settings = json.loads((Path(models[0]) / "training.json").read_text())["settings"]
    f1 = settings["seed"] / 10 + settings["soft_prompt_tokens"] / 100
    heads = {"heads": {"novelty": {"accuracy": 0.75, "right": 3, "pairs": 4}}}
scores = {"precision": f1, "recall": f1, "f1": f1, "tp": 1, "fp": 0, "fn": 0}
report = {"entity_pair": scores, "relation_type": scores, "relation_type_novelty": None, **heads}
Path(sys.argv[sys.argv.index("--json") + 1]).write_text(json.dumps(report))
"""
QUESTION = """
question: How many vectors?
asked_in: the tests
settings: {train: [$DATA/train.pubtator], dev: $DATA/dev.pubtator, max_documents: 2, soft_prompt_tokens: 8}
variants:
  none: {soft_prompt_tokens: 0}
  eight: {soft_prompt_tokens: 8}
seeds: [1, 2]
report: [entity_pair, relation_type]
"""


def written(path: Path, content: str) -> Path:
    """Return the file, now with this content."""
    path.write_text(content, encoding="utf-8")
    return path


def small_programs(folder: Path) -> dict[str, list[str]]:
    """Return the programs, written to the folder, as `experiments.run.PROGRAMS` has them."""
    return {name: [str(written(folder / f"{name}.py", text))] for name, text in (("train", TRAIN), ("score", SCORE))}
