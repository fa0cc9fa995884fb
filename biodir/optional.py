"""Libraries that only some parts of biodir need, and the installation that brings them."""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, metadata
from types import ModuleType

from biodir.errors_biodir import SettingError


def optional_library(name: str, extra: str, purpose: str) -> ModuleType:
    """Return a library, or a module of one, that a plain installation of biodir lacks.

    Args:
        name: such as "matplotlib.figure".
        extra: the extra of biodir that installs it.
        purpose: what needs it, for the message.

    Raises:
        SettingError: it is not installed, or cannot be imported.
    """
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise SettingError(f"{purpose} needs {name}; {installation(extra)}") from error
    except ImportError as error:  # also where Ctrl-C stopped the import of what it needs
        raise SettingError(f"{purpose} needs {name}, which cannot be imported: {error}") from error


def installation(extra: str) -> str:
    """Return how to install what an extra brings, for a message: without torch where biodir is installed without it.

    Args:
        extra: of the distribution biodir.
    """
    try:
        extras = metadata("biodir-runtime").get_all("Provides-Extra") or []
    except PackageNotFoundError:
        return f"install it with: pip install 'biodir[{extra}]'"
    if extra in extras:
        return f"install it with: pip install 'biodir-runtime[{extra}]'"
    return f"biodir-runtime is installed here, which does without; run this where biodir[{extra}] is"
