"""What setup.cfg cannot say: the flat modules at the top of the tree belong to the package `biodir`."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithFlatModules(build_py):
    """The usual build, with every top-level `*_biodir.py` laid beside `biodir/__init__.py`.

    An editable installation never gets here: `biodir/__init__.py` finds the modules in the checkout.
    """

    def find_package_modules(self, package: str, package_dir: str) -> list[tuple[str, str, str]]:
        """The modules of a package as (package, module name, file), which is how distutils wants them."""
        modules = super().find_package_modules(package, package_dir)
        if package == "biodir":
            modules += [(package, path.stem, path.name) for path in sorted(Path().glob("*_biodir.py"))]
        return modules


setup(cmdclass={"build_py": BuildWithFlatModules})
