"""The distribution biodir-runtime: the package biodir with what ONNX graphs need, without torch and transformers.

    pip install ./runtime

An extra of a distribution can only add dependencies. So this is a second distribution of the same package, whose other
settings are those of ../setup.cfg. It belongs into an environment without the distribution biodir.
"""

import re
from configparser import ConfigParser
from pathlib import Path

from setuptools import setup

HERE = Path(__file__).resolve().parent
LEFT_OUT = ("safetensors", "torch", "transformers")

settings = ConfigParser()
settings.read(HERE.parent / "setup.cfg", encoding="utf-8")
options, extras = settings["options"], settings["options.extras_require"]


def lines(text: str) -> list[str]:
    """Return the lines of a setting that are not empty."""
    return [line.strip() for line in text.splitlines() if line.strip()]


required = [line for line in lines(options["install_requires"]) if re.split("[<>=]", line)[0] not in LEFT_OUT]
version = re.search(r'^__version__ = "(.+)"$', (HERE / "biodir" / "__init__.py").read_text(encoding="utf-8"), re.M)

setup(
    name="biodir-runtime",
    version=version.group(1),
    description=f"{settings['metadata']['description']}; predicts with ONNX graphs, without torch",
    license_expression=settings["metadata"]["license_expression"],
    license_files=["biodir/networks/assets/*.LICENSE"],
    python_requires=options["python_requires"],
    packages=lines(options["packages"]),
    package_data={name: lines(patterns) for name, patterns in settings["options.package_data"].items()},
    install_requires=[*required, *lines(extras["onnx"])],
    extras_require={name: lines(extras[name]) for name in ("formats", "llm", "serve")},
    entry_points={"console_scripts": lines(settings["options.entry_points"]["console_scripts"])},
    zip_safe=False,
)
