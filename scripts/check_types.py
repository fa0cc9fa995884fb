"""Checks the types of what the Hub runs: the flat modules, handler.py and the names of the package.

python scripts/check_types.py       # exit status 1, with the errors, where types do not fit

mypy looks for the modules of `biodir` in a folder of that name alone, while here they lie at the top of the tree. So it
is run in a folder of links that are laid out as an installation lays out the files; pyproject.toml says how strictly.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
PACKAGE = "biodir"


def main() -> int:
    """The exit status of mypy: 0 where the types fit, 1 where they do not, 2 where it could not look."""
    with tempfile.TemporaryDirectory() as folder:
        places = link_files(Path(folder))
        command = [sys.executable, "-m", "mypy", "--config-file", str(CHECKOUT / "pyproject.toml")]
        command += ["--cache-dir", str(CHECKOUT / ".mypy_cache"), "--package", PACKAGE, "--module", "handler"]
        done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=False)
    print(with_places(done.stdout, places), end="")
    return done.returncode


def link_files(folder: Path) -> dict[str, str]:
    """Path of each link in the folder -> path in the checkout of the file that it leads to."""
    (folder / PACKAGE).mkdir()
    files = {f"{PACKAGE}/{path.name}": path.name for path in CHECKOUT.glob("*_biodir.py")}
    files |= {f"{PACKAGE}/__init__.py": f"{PACKAGE}/__init__.py", "handler.py": "handler.py"}
    for link, file in files.items():
        (folder / link).symlink_to(CHECKOUT / file)
    return files


def with_places(output: str, places: dict[str, str]) -> str:
    """The lines of mypy with the path in the checkout at their start, where editors look for it."""
    return re.sub(r"^[^:\n]+(?=:\d+:)", lambda match: places.get(match[0], match[0]), output, flags=re.MULTILINE)


if __name__ == "__main__":
    raise SystemExit(main())
