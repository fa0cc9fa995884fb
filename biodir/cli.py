"""The command `biodir`: its commands, and what all of them do with wrong arguments and errors."""

import re
import sys
from difflib import get_close_matches
from typing import Annotated, Any

import typer
from tqdm import tqdm
from typer.core import TyperCommand, TyperGroup

from biodir import __version__
from biodir.conversion.command import convert
from biodir.dataset_script import command as dataset
from biodir.dataset_script.import_command import import_corpora
from biodir.errors_biodir import BioDirError
from biodir.evaluation.command import calibrate, error_page_command, evaluate
from biodir.fetching.command import fetch
from biodir.inference.command import export_onnx, predict
from biodir.lexicon import command as lexicon
from biodir.llm import command as llm
from biodir.networks.command import network
from biodir.publishing.command import publish
from biodir.released.command import import_released
from biodir.serving.command import mcp, serve
from biodir.showing.command import info, view
from biodir.waiting import wait_passively

# What the distribution of the run-time does without, see `runtime/setup.py`.
LEFT_OUT = ("safetensors", "torch", "transformers")


class _Command(TyperCommand):
    """A command with options that take several values after their name, such as `--entity D1 D4`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments, with the name before each value of these options, and suggest what was meant."""
        repeatable = {name for param in self.params if getattr(param, "multiple", False) for name in param.opts}
        spread: list[str] = []
        option = ""
        for argument in args:
            if argument.startswith("-"):
                option = argument
            elif option in repeatable and spread[-1] != option:
                spread.append(option)
            spread.append(argument)
        try:
            return super().parse_args(ctx, spread)
        except typer.BadParameter as error:
            value, *choices = re.findall("'(.*?)'", error.message) or [""]  # 'onx' is not one of 'onnx', 'torch'
            for meant in get_close_matches(value.lower(), choices, n=1):
                error.message += f" Did you mean {meant}?"
            raise


class _Group(TyperGroup):
    """The commands; an error ends in one line on standard error and the exit status 1."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that the arguments name."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:  # the reader of our output, such as `head`, has ended
            sys.stdout = None
            raise typer.Exit(0) from error
        except (BioDirError, OSError) as error:  # bad input, or such as a full disk
            tqdm.write(f"biodir: error: {error}", file=sys.stderr)  # above a progress bar
            raise typer.Exit(1) from error
        except ModuleNotFoundError as error:
            if error.name not in LEFT_OUT:
                raise
            line = f"this needs {error.name}, which biodir-runtime does not install; run pip install biodir elsewhere"
            tqdm.write(f"biodir: error: {line}", file=sys.stderr)
            raise typer.Exit(1) from error
        except KeyboardInterrupt as error:
            print("biodir: interrupted", file=sys.stderr)
            raise typer.Exit(130) from error


def _print_version(is_given: bool) -> None:
    if is_given:
        print(f"biodir {__version__}")
        raise typer.Exit


def biodir(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="show the version and exit")
    ] = False,
) -> None:
    """Directed biomedical relation extraction.

    `biodir COMMAND --help` shows the options of a command and an example. With `biodir --install-completion` the tab
    key completes commands and options.

        biodir predict samples/sample.pubtator
    """


app = typer.Typer(
    cls=_Group, callback=biodir, no_args_is_help=True, rich_markup_mode="markdown", pretty_exceptions_enable=False
)
app.command(cls=_Command)(predict)
app.command(cls=_Command)(fetch)
app.command(cls=_Command)(convert)
app.command(cls=_Command)(view)
app.command(cls=_Command)(info)
app.command(cls=_Command)(network)
app.command(cls=_Command)(serve)
app.command(cls=_Command)(mcp)
app.command(cls=_Command)(export_onnx)
app.command(cls=_Command)(evaluate)
app.command(cls=_Command)(calibrate)
app.command("errors", cls=_Command)(error_page_command)
app.command(cls=_Command)(publish)
app.command(cls=_Command)(import_released)
data = typer.Typer(help="Export, check, import and publish corpora.", no_args_is_help=True, rich_markup_mode="markdown")
data.command(cls=_Command)(dataset.export)
data.command(cls=_Command)(dataset.check)
data.command("import", cls=_Command)(import_corpora)
data.command(cls=_Command)(dataset.publish)
app.add_typer(data, name="dataset")
names = typer.Typer(
    help="Make lexicons, which give names identifiers.", no_args_is_help=True, rich_markup_mode="markdown"
)
for command in (lexicon.build, lexicon.info, lexicon.find):
    names.command(cls=_Command)(command)
app.add_typer(names, name="lexicon")
models = typer.Typer(help="Ask large language models.", no_args_is_help=True, rich_markup_mode="markdown")
models.command(cls=_Command)(llm.predict)
app.add_typer(models, name="llm")


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit status: 0, 1 after an error, 2 after arguments that are none of its."""
    wait_passively()
    try:
        app(arguments, prog_name="biodir")
    except SystemExit as end:
        return int(end.code or 0)
    return 0
