"""Write KGX files for `scripts/check_kgx.py`: every rule of Biolink, and the files of documents that are named.

python scripts/kgx_samples.py build/kgx predicted.jsonl more.pubtator
"""

import sys
from itertools import combinations_with_replacement
from pathlib import Path

from biodir.labels_biodir import ENTITY_TYPES, RELATION_LABELS, UNRELATED
from biodir.networks.inputs import read_statements
from biodir.networks.kgx import write_kgx_jsonl, write_kgx_tsv
from biodir.networks.merging import Edge, Evidence, Network, Node, merge
from biodir.networks.selection import select
from biodir.networks.settings import NetworkSettings

# Two of each entity type, with what readers find hard: bars, quotes, several names.
IDENTIFIERS = {
    "GeneOrGeneProduct": ("NCBIGene:1956", "NCBIGene:7124"),
    "DiseaseOrPhenotypicFeature": ("MESH:D001249", "OMIM:219700"),
    "ChemicalEntity": ("MESH:D007501", "MESH:C046498"),
    "SequenceVariant": ("DBSNP:rs334", "p|SUB|V|600|E"),
    "OrganismTaxon": ("NCBITaxon:9606", "NCBITaxon:10090"),
    "CellLine": ("Cellosaurus:CVCL_0030", "text:beta cells"),
}
RELATIONS = (*(label for label in RELATION_LABELS if label != UNRELATED), "of_another_model")


def network_of_all_rules() -> Network:
    """Return a network with each relation type between each two entity types, in both directions and without one."""
    nodes = [
        Node(identifier, kind, f'{kind} "{number}"', ("a|b", "x, y"), documents=2)
        for kind in ENTITY_TYPES
        for number, identifier in enumerate(IDENTIFIERS[kind])
    ]
    edges = []
    for first, second in combinations_with_replacement(nodes, 2):
        for relation in RELATIONS:
            for subject, object_, directed in ((first, second, True), (second, first, True), (first, second, False)):
                evidence = (Evidence("7000001", 0, 9, 'a | "b"\tc'), Evidence("notes.txt:3", 4, 6, "cd"))
                edges.append(
                    Edge(
                        subject, object_, relation, directed, ("7000001", "PMC12", "notes.txt:3"), evidence, (0.5, 0.5)
                    )
                )
    return Network(tuple(nodes), tuple(edges), documents=3)


def main(folder: Path, inputs: list[Path]) -> None:
    """Write a network of all rules and one of each input, in both forms of KGX."""
    folder.mkdir(parents=True, exist_ok=True)
    networks = {"rules": network_of_all_rules()}
    for path in inputs:
        networks[path.stem] = merge(read_statements(path))
        networks[f"{path.stem}_linked"], _ = select(networks[path.stem], linked_only=True)
    for name, network in networks.items():
        write_kgx_tsv(network, folder / f"{name}.tsv", NetworkSettings())
        write_kgx_jsonl(network, folder / f"{name}.jsonl", NetworkSettings())
        print(f"{folder / name}: {len(network.nodes)} nodes, {len(network.edges)} edges")


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
