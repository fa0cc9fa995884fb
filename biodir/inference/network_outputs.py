"""Networks as outputs of `biodir predict`: the results of all documents, merged when the last one is finished."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from biodir.errors_biodir import STRICT
from biodir.formats.pubtator_names import Vocabulary
from biodir.networks.formats import NetworkFormat
from biodir.networks.inputs import statements_from_json
from biodir.networks.merging import Merger
from biodir.networks.selection import with_vocabulary
from biodir.networks.settings import NetworkSettings


@dataclass(frozen=True)
class NetworkOutput:
    """A network that results become, with the settings that `biodir network` has by default.

    Args:
        format: of the network.
        vocabulary: of its relation types, see `with_vocabulary`.

    Raises:
        SettingError: the format lacks a library, or has relation types of its own.

    >>> from biodir.networks.formats import network_format
    >>> NetworkOutput(network_format(Path("graph.cx2"))).paths(Path("out.cx2")) == [Path("out.cx2")]
    True
    """

    format: NetworkFormat
    vocabulary: Vocabulary | None = None

    def __post_init__(self) -> None:
        self.format.check(self.vocabulary)

    def paths(self, output: Path) -> list[Path]:
        """Return the files that are written for an output; see `NetworkFormat.paths`."""
        return self.format.paths(output)

    def write(self, results: Iterable[bytes], output: Path) -> list[str]:
        """Write the network of documents.

        Args:
            results: a line of JSON Lines for each document, as `biodir predict` writes it, with text and entities.
            output: a file, or the one whose name those of several begin with.

        Returns:
            The files, where they are several, ids that came before, and what the format has no place for, as lines.
        """
        merger = Merger()
        for line in results:
            merger.add(statements_from_json(json.loads(line), policy=STRICT))
        network = with_vocabulary(merger.network(), self.vocabulary)
        paths = self.paths(output)
        names = [f"written: {', '.join(map(str, paths))}"] if paths != [output] else []
        return [*names, *merger.notes(), *self.format.write(network, output, NetworkSettings())]
