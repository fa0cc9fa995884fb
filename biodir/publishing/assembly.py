"""Lays the files of a Hub repository into a folder, all of them or none."""

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from biodir.publishing.errors import PublishError

# Says that `assemble` made the folder, and of which files: these may be replaced. It is not uploaded.
MARKER = ".biodir-publish"
MARKER_TEXT = "biodir made this folder, with the files below, and replaces it as a whole; this file is not uploaded.\n"


@dataclass(frozen=True)
class RepositoryFile:
    """A file of the repository; `text` in place of the source's content where it was changed on the way."""

    path: str
    source: Path
    text: str | None = None


def assemble(
    files: Iterable[RepositoryFile], target: Path, check: Callable[[Path], None] = lambda folder: None
) -> Path:
    """The folder with the files, which appears as a whole: it is made beside its place and then renamed.

    Args:
        target: a folder that does not exist, is empty, or that this function made earlier.
        check: called with the folder before it appears; what it raises keeps the target as it was.

    Raises:
        PublishError: the folder holds something else, or a file is missing.
    """
    target = target.absolute()
    check_target(target)
    if not target.parent.is_dir():
        raise PublishError(f"{target}: {target.parent} is no folder; make it, or name another place")
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as beside:
        made = Path(beside) / "made"
        _write(files, made)
        check(made)
        _swap(made, target, Path(beside) / "replaced")
    return target


def check_target(target: Path) -> None:
    """Nothing where `assemble` may put a folder there.

    Raises:
        PublishError: it is a file, or holds something that `assemble` did not make.
    """
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise PublishError(f"{target}: is no folder; name a new one")
    if not target.is_dir():
        return
    listed = _listed_files(target)
    foreign = sorted(
        path.relative_to(target).as_posix()
        for path in target.rglob("*")
        if (path.is_symlink() or not path.is_dir()) and path.relative_to(target).as_posix() not in listed
    )
    if foreign:
        raise PublishError(
            f"{target}: holds files that biodir did not put there, such as {foreign[0]}; move them away, or name a new "
            "or an empty folder"
        )


def content_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Path in the repository and place of every file of an assembled folder, in order."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != MARKER:
            yield name, path


def _listed_files(folder: Path) -> set[str]:
    """The files that the marker of a folder names, and the marker; none without it."""
    marker = folder / MARKER
    if not marker.is_file():
        return set()
    return {MARKER, *marker.read_text(encoding="utf-8").splitlines()[1:]}


def _swap(made: Path, target: Path, replaced: Path) -> None:
    """Puts a folder in the place of another; where that breaks off, the other is there again."""
    try:
        if target.exists():
            target.rename(replaced)
        made.rename(target)
    except BaseException:
        if replaced.exists() and not target.exists():
            replaced.rename(target)
        raise


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
