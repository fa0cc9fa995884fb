"""Libraries that only some parts of biodir need, and the installation that brings them."""

from importlib import import_module
from types import ModuleType

from biodir.errors_biodir import SettingError


def optional_library(name: str, extra: str, purpose: str) -> ModuleType:
    """Return a library, or a module of one, that a plain installation of biodir lacks.

    Args:
        name: such as "matplotlib.figure".
        extra: the extra of biodir that installs it.
        purpose: what needs it, for the message.

    Raises:
        SettingError: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise SettingError(f"{purpose} needs {name}; install it with: pip install 'biodir[{extra}]'") from error
