"""The command `biodir`."""

import argparse
import sys

from biodir import __version__
from biodir.dataset_script import command as dataset_command
from biodir.errors_biodir import BioDirError
from biodir.evaluation import command as evaluation_command
from biodir.inference import command as inference_command
from biodir.publishing import command as publishing_command


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit status: 0, or 1 after an error, whose message goes to standard error."""
    options = _parser().parse_args(arguments)
    try:
        status: int = options.run(options)
    except BrokenPipeError:  # the reader of our output, such as `head`, has ended
        sys.stdout = None
        return 0
    except (BioDirError, OSError) as error:  # bad input, or such as a full disk
        print(f"biodir: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("biodir: interrupted", file=sys.stderr)
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="biodir", description="Directed biomedical relation extraction.")
    parser.add_argument("--version", action="version", version=f"biodir {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    for folder in (inference_command, evaluation_command, dataset_command, publishing_command):
        folder.add_commands(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
