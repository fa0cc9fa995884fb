"""Writes the files of a Hub repository into a folder, all of them or none."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from biodir.publishing.errors import PublishError

# Lists the files that `assemble` wrote into a folder: these may be replaced. It is not uploaded.
MARKER = ".biodir-publish"
MARKER_TEXT = "biodir wrote the files below and replaces them the next time; this file is not uploaded.\n"


# Path in the repository -> the file that it is copied from, or its text.
RepositoryFiles = Mapping[str, Path | str]


def assemble(files: RepositoryFiles, target: Path, check: Callable[[Path], None] = lambda folder: None) -> Path:
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


def _write(files: RepositoryFiles, folder: Path) -> None:
    folder.mkdir()
    for name, content in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            place.write_text(content, encoding="utf-8")
        elif content.is_file():
            shutil.copyfile(content, place)
        else:
            raise PublishError(f"{content}: there is no such file, and the repository needs {name}")
    names = "".join(f"{name}\n" for name, _ in content_files(folder))
    (folder / MARKER).write_text(MARKER_TEXT + names, encoding="utf-8")
