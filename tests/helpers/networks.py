"""A small network with all that is hard to write, and parsers of all formats."""

import csv
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from biodir.labels_biodir import CHEMICAL, GENE, VARIANT
from biodir.networks.formats import NetworkFormat
from biodir.networks.merging import Edge, Evidence, Network, Node
from biodir.networks.settings import NetworkSettings

SETTINGS = NetworkSettings()
IRON = Node("MESH:D007501", CHEMICAL, "iron", ("Fe; ferrum", 'fer|rum, "red"'), documents=3)
EGFR = Node("NCBIGene:1956", GENE, "EGFR", documents=2)
TNF = Node("text:tnf <alpha>", GENE, "TNF <\N{GREEK SMALL LETTER ALPHA}> & \N{DNA DOUBLE HELIX}", documents=1)
V600E = Node("p|SUB|V|600|E", VARIANT, "true", documents=1)
RAISES = Edge(
    IRON,
    EGFR,
    "Positive_Correlation",
    True,
    documents=("PMC12", "7000001", "notes.txt:3"),
    evidence=(Evidence("7000001", 0, 17, 'Iron; | "raises",\nEGFR'), Evidence("notes.txt:3", 5, 9, "Iron")),
    scores=(0.5, 0.5, None),
    novelties=("Novel", "Novel", "No"),
    opposite_direction=4,
    opposite_sign=5,
)
LOWERS = Edge(TNF, EGFR, "Negative_Correlation", True, ("1", "2"), (), (0.9,), ("Novel",))
BINDS = Edge(IRON, EGFR, "Bind", False, ("7",))
LINKED = Edge(TNF, V600E, "Association", False, ("1",), (), (0.25,), ("No",))
ITSELF = Edge(EGFR, EGFR, "Bind", False, ("2",))


_PARSE = {
    ".tsv": lambda text: [line.split("\t") for line in text.splitlines()],
    ".jsonl": lambda text: list(map(json.loads, text.split("\n")[:-1])),
    ".csv": lambda text: list(csv.reader(text.splitlines(), strict=True)),
    ".cx2": json.loads,
    ".indra.json": json.loads,
    ".graphml": ElementTree.fromstring,
    ".html": lambda text: json.loads(text.split('id="network">', 1)[1].split("</script>", 1)[0]),
}


def parsed_files(written: NetworkFormat, output: Path) -> list[Any]:
    """Return the content of each file of a network that was written in a format."""
    return [_PARSE[written.suffix](path.read_text(encoding="utf-8")) for path in written.paths(output)]


def network_of(*edges: Edge) -> Network:
    """Return a network of the edges and their nodes."""
    nodes = {end.key: end for edge in edges for end in (edge.subject, edge.object)}
    return Network(tuple(nodes.values()), edges, documents=4)


NETWORK = network_of(RAISES, LOWERS, BINDS, LINKED, ITSELF)
