"""The output of the command `biodir predict`: its settings, a progress bar, and what a stop leaves."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from tqdm import tqdm

from biodir.errors_biodir import BioDirError, ErrorPolicy, SettingError
from biodir.files import STANDARD_OUTPUT
from biodir.inference.progress import progress_bar

if TYPE_CHECKING:
    from biodir.formats.pubtator_names import Vocabulary
    from biodir.inference.ray_engine import RayEngine
    from biodir.pipeline_extraction_biodir import RelationExtraction

# Functions import what needs torch or transformers: `biodir --help` should not wait for these.


class Writing:
    """What the options of the command ask to write, and where.

    Args:
        output: a file; None or ``-`` for standard output.
        output_format: its format; by default that of its suffix.
        dialect: of PubTator.
        vocabulary: of relation types.
        return_entities: whether entities are written.

    Raises:
        SettingError: the suffix is unknown, or the format has no dialects.

    >>> Writing(Path("out.csv")).format_name
    'csv'
    """

    def __init__(
        self,
        output: Path | None,
        output_format: str | None = None,
        dialect: str | None = None,
        vocabulary: "Vocabulary | None" = None,
        return_entities: bool = False,
    ) -> None:
        from biodir.inference.outputs import format_of

        self.output = None if output == Path(STANDARD_OUTPUT) else output
        self.format_name = output_format or format_of(self.output or sys.stdout)
        if dialect and self.format_name != "pubtator":
            raise SettingError(
                f"--dialect {dialect}: the output is {self.format_name}; only PubTator output has dialects"
            )
        self._settings: dict[str, Any] = {"dialect": dialect or "pubtator", "vocabulary": vocabulary}
        self._settings["return_entities"] = return_entities
        # The line with the numbers of documents and relations; empty for standard output.
        self.counts = ""

    def paths(self) -> list[Path]:
        """Return all files and folders that a run writes."""
        from biodir.inference.outputs import output_format
        from biodir.inference.parts import parts_folder
        from biodir.inference.rejected import rejected_file

        if self.output is None:
            return []
        written = output_format(self.format_name).paths(self.output)
        return [*written, parts_folder(self.output), rejected_file(self.output)]

    def run(
        self,
        extract: "RelationExtraction",
        files: Sequence[Path],
        policy: ErrorPolicy,
        one_per_line: bool,
        others: Mapping[str, Any],
        parameters: Mapping[str, Any],
        engine: "RayEngine | None" = None,
        **options: Any,
    ) -> Mapping[str, int]:
        """Write the relations of the documents of files; return what the pipeline counts of its own.

        Args:
            extract: the pipeline.
            files: of documents.
            policy: what becomes of errors.
            one_per_line: whether each line of plain text is a document.
            others: settings that must be equal in a run that resumes.
            parameters: of a call of the pipeline.
            engine: that computes in other processes.
            options: others of `predict_files`.
        """
        from biodir.inference.predict import count_documents, predict_files

        shows_bar = self.output is not None and sys.stderr.isatty()
        # Reads the files once more, only for the bar.
        total = count_documents(files, extract.finds_entities, one_per_line) if shows_bar else None
        is_filtered = any(parameters.get(name) for name in ("pair_types", "entity_ids", "sections", "skip_sections"))
        # With an engine the entities that are found stay in its workers.
        pair_types = [] if is_filtered or not shows_bar or engine else extract.config.pair_types
        with _resumable(self.output), progress_bar(total, shows_bar, pair_types) as bar:
            report = predict_files(
                extract,
                files,
                self.output or _standard_output(self.format_name),
                self.format_name,
                policy=policy,
                progress=bar,
                one_per_line=one_per_line,
                run_settings=others,
                engine=engine,
                **options,
                **self._settings,
                **parameters,
            )
        self.counts = f"documents: {report.documents}, relations: {report.relations}" if self.output else ""
        return report.counts


@contextmanager
def _resumable(output: Path | None) -> Iterator[None]:
    """Name what is kept when a run stops."""
    try:
        yield
    except (KeyboardInterrupt, OSError, BioDirError) as error:
        from biodir.inference.parts import parts_folder

        if output and parts_folder(output).is_dir() and not isinstance(error, SettingError):
            line = f"finished documents are kept in {parts_folder(output)}; give the same command again to resume"
            tqdm.write(f"biodir: {line}", file=sys.stderr)
        raise


def _standard_output(format_name: str) -> TextIO:
    """Return standard output: in UTF-8 for data, in the encoding of the terminal for the listing."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(**{"errors": "replace"} if format_name == "listing" else {"encoding": "utf-8"})
    return sys.stdout
