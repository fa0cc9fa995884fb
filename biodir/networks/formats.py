"""The formats of networks: one line of `FORMATS` for each, which names the function that writes it."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from biodir.errors_biodir import SettingError, suggestion
from biodir.files import PACKED_OUTPUT_SUFFIX, STANDARD_OUTPUT, name_without
from biodir.networks.cx2 import write_cx2
from biodir.networks.graphml import write_graphml
from biodir.networks.indra import write_indra
from biodir.networks.kgx import write_kgx_jsonl, write_kgx_tsv
from biodir.networks.merging import Network
from biodir.networks.neo4j import write_neo4j_csv
from biodir.networks.page import write_page
from biodir.networks.settings import KNOWLEDGE_SOURCE, NetworkSettings
from biodir.optional import optional_library


@dataclass(frozen=True)
class NetworkFormat:
    """A format of networks.

    Args:
        name: for `--format`.
        suffix: of output files in this format, in lower case. That of INDRA is not ``.json``, which elsewhere is BioC.
        write: writes a network to a path, and returns what the format has no place for, as lines for the user.
        has_relation_types: whether it has the relation types of the network, which `--vocabulary` renames.
        files: the endings that the format gives its files in place of the suffix, if it writes several.
        library: that it needs beside those of a plain installation.
        names_source: whether it has the source that `--knowledge-source` names.

    >>> network_format(Path("graph.jsonl")).files
    ('_nodes.jsonl', '_edges.jsonl')
    """

    name: str
    suffix: str
    write: Callable[[Network, Path, NetworkSettings], list[str]]
    has_relation_types: bool = True
    files: tuple[str, ...] = ()
    library: str | None = None
    names_source: bool = False

    def paths(self, output: Path) -> list[Path]:
        """Return the files that are written for an output.

        Raises:
            SettingError: its name is that of a packed file, or of standard output.
        """
        if output.name.lower().endswith(PACKED_OUTPUT_SUFFIX):
            raise SettingError(f"{output}: networks are not packed; leave {PACKED_OUTPUT_SUFFIX} out")
        if os.fspath(output) == STANDARD_OUTPUT:
            raise SettingError(f"{output}: networks are not written to standard output; name a file with -o")
        name = name_without(output, self.suffix)
        return [output.with_name(name + ending) for ending in self.files] or [output]

    def check(self, vocabulary: str | None, knowledge_source: str = KNOWLEDGE_SOURCE) -> None:
        """Check that the library is installed, and that another vocabulary or source has an effect.

        Raises:
            SettingError: one of them is not so.
        """
        if self.library:
            optional_library(self.library, "formats", self.name)
        if vocabulary and not self.has_relation_types:
            raise SettingError(f"--vocabulary {vocabulary}: {self.name} has relations of its own; leave it out")
        if knowledge_source != KNOWLEDGE_SOURCE and not self.names_source:
            raise SettingError(f"--knowledge-source {knowledge_source}: {self.name} names no source; leave it out")


FORMATS = (
    NetworkFormat("kgx-tsv", ".tsv", write_kgx_tsv, False, ("_nodes.tsv", "_edges.tsv"), names_source=True),
    NetworkFormat("kgx-jsonl", ".jsonl", write_kgx_jsonl, False, ("_nodes.jsonl", "_edges.jsonl"), names_source=True),
    NetworkFormat("neo4j", ".csv", write_neo4j_csv, files=("_nodes.csv", "_edges.csv")),
    NetworkFormat("cx2", ".cx2", write_cx2),
    NetworkFormat("graphml", ".graphml", write_graphml, library="lxml"),
    NetworkFormat("indra", ".indra.json", write_indra, False),
    NetworkFormat("page", ".html", write_page),
)


def network_format(output: Path, name: str | None = None) -> NetworkFormat:
    """Return the format with a name, or else the one of the suffix of an output.

    Raises:
        SettingError: there is none.
    """
    if name is not None:
        found = [each for each in FORMATS if each.name == name]
        if not found:
            raise SettingError(f"format is {name!r}; {suggestion(name, [each.name for each in FORMATS])}")
        return found[0]
    found = [each for each in FORMATS if output.name.lower().endswith(each.suffix)]
    if not found:
        known = ", ".join(f"{each.suffix} ({each.name})" for each in FORMATS)
        raise SettingError(f"{output}: unknown suffix {output.suffix!r}; use one of {known}, or name a format")
    return found[0]
