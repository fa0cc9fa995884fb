"""Writes model_card.md, .eval_results/ and the scores of plain text in the pages, from the measured files of results/.

python scripts/write_model_card.py            # after a change of the template or of training.json
python scripts/write_model_card.py --check    # print the difference and exit with status 1 where there is one
python scripts/write_model_card.py --measure DEV TEST --dev-model RUN    # score a new checkpoint first
python scripts/write_model_card.py --measure DEV TEST    # the same, if only its tagger is new
python scripts/write_model_card.py --measure DEV TEST --keep-dev    # if its relations learned further, from DEV too
"""

import argparse
import difflib
import runpy
import sys
from pathlib import Path

from biodir.errors_biodir import BioDirError
from biodir.publishing.card import written_files
from biodir.publishing.facts import read_facts
from biodir.publishing.pages import page_texts

CHECKOUT = Path(__file__).resolve().parent.parent


def main(arguments: list[str] | None = None, checkout: Path = CHECKOUT) -> int:
    """Write or check the files; return the exit status: 1 where a file differs or the facts are not complete."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a file differs")
    parser.add_argument("--measure", nargs=2, type=Path, metavar=("DEV", "TEST"), help="first score the checkpoint")
    dev_help = (
        "with --measure: the run that chose epoch and bias on DEV, to score there; the shipped one (.) only if it was "
        "not trained on DEV; by default its scores stay, if the relations are those measured before"
    )
    parser.add_argument("--dev-model", type=Path, help=dev_help)
    keep_help = "with --measure: the scores on DEV stay though the relations are other ones, as these learned from DEV"
    parser.add_argument("--keep-dev", action="store_true", help=keep_help)
    options = parser.parse_args(arguments)
    if (options.dev_model or options.keep_dev) and not options.measure:
        parser.error("--dev-model and --keep-dev belong to --measure; give DEV and TEST")
    try:
        if options.measure:
            from biodir.publishing.measuring import measure

            measure(checkout, *options.measure, options.dev_model, options.keep_dev)
        limits = runpy.run_path(str(checkout / "handler.py"))["Limits"]()
        facts = read_facts(checkout)
        files = written_files(facts, limits) | page_texts(checkout, facts.test)
    except BioDirError as error:
        print(f"write_model_card: {error}", file=sys.stderr)
        return 1
    if options.check:
        differences = []
        for path, text in ((checkout / name, text) for name, text in files.items()):
            found = path.read_text(encoding="utf-8") if path.is_file() else ""
            lines = (content.splitlines(keepends=True) for content in (found, text))
            differences += difflib.unified_diff(*lines, str(path), f"{path} from the facts")
        print("".join(differences), end="")
        return int(bool(differences))
    for name, text in files.items():
        (checkout / name).parent.mkdir(exist_ok=True)
        (checkout / name).write_text(text, encoding="utf-8")
        print(checkout / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
