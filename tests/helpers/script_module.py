"""The programs of scripts/ and examples/ as modules."""

import importlib.util
import sys

from helpers.checkout import CHECKOUT

SCRIPTS = CHECKOUT / "scripts"


def script(name: str, folder: str = "scripts"):
    """Return the script as a module."""
    spec = importlib.util.spec_from_file_location(name, CHECKOUT / folder / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    if str(SCRIPTS) not in sys.path:  # where a script looks first
        sys.path.insert(0, str(SCRIPTS))
    spec.loader.exec_module(module)
    return module
