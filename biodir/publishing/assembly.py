"""Writes the files of a Hub repository into a folder, all of them or none."""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from biodir.publishing.errors import PublishError

# Lists the files that `assemble` wrote into a folder: these may be replaced. It is not uploaded.
MARKER = ".biodir-publish"
MARKER_TEXT = "biodir wrote the files below and replaces them the next time; this file is not uploaded.\n"


@dataclass(frozen=True)
class RepositoryFile:
    """A file of the repository.

    Args:
        path: path in the repository.
        source: the file that it comes from.
        text: the content, where it is not that of the source.

    >>> RepositoryFile("README.md", Path("model_card.md"), "# A card").path
    'README.md'
    """

    path: str
    source: Path
    text: str | None = None


def assemble(
    files: Iterable[RepositoryFile], target: Path, check: Callable[[Path], None] = lambda folder: None
) -> Path:
    """Write the files into a folder beside the target, check it, rename it to the target, and return the target.

    After an error or interrupt the target is as it was.

    Args:
        target: a folder that does not exist, is empty, or was made by this function.
        check: called with the folder before it is renamed; if it raises, the target stays as it was.

    Raises:
        PublishError: the target holds other files, or a file is missing.
    """
    target = target.absolute()
    check_target(target)
    if not target.parent.is_dir():
        raise PublishError(f"{target}: the folder {target.parent} does not exist; create it, or name another place")
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as beside:
        made = Path(beside) / "made"
        _write(files, made)
        check(made)
        replaced = Path(beside) / "replaced"
        try:
            if target.exists():
                target.rename(replaced)
            made.rename(target)
        except BaseException:
            if replaced.exists() and not target.exists():
                replaced.rename(target)
            raise
    return target


def check_target(target: Path) -> None:
    """Check that `assemble` may write a folder there: it does not exist, is empty, or holds only files of its own."""
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise PublishError(f"{target}: is not a folder; name a new one")
    marker = target / MARKER
    own = {MARKER, *marker.read_text(encoding="utf-8").splitlines()[1:]} if marker.is_file() else set()
    found = (path for path in target.rglob("*") if path.is_symlink() or not path.is_dir())
    foreign = sorted({path.relative_to(target).as_posix() for path in found} - own)
    if foreign:
        raise PublishError(
            f"{target}: holds files that biodir did not write, such as {foreign[0]}; move them away, or name a new or "
            "an empty folder"
        )


def content_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield path in the repository and place of every file of an assembled folder, in order."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != MARKER:
            yield name, path


def _write(files: Iterable[RepositoryFile], folder: Path) -> None:
    folder.mkdir()
    for file in files:
        place = folder / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        if file.text is not None:
            place.write_text(file.text, encoding="utf-8")
        elif file.source.is_file():
            shutil.copyfile(file.source, place)
        else:
            raise PublishError(f"{file.source}: there is no such file, and the repository needs {file.path}")
    names = "".join(f"{name}\n" for name, _ in content_files(folder))
    (folder / MARKER).write_text(MARKER_TEXT + names, encoding="utf-8")
