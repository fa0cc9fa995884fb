"""Check KGX files with the tools of Biolink: bmt, the published JSON Schema and pydantic model, and KGX itself.

    python scripts/check_kgx.py BIOLINK FOLDER

BIOLINK is the unpacked source distribution of biolink-model, FOLDER has what `scripts/kgx_samples.py` wrote. Needs the
environment that `make check-kgx` makes; no part of it uses the network.
"""

import json
import logging
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import biolink_model.datamodel.pydanticmodel_v2 as pydantic_model
from bmt import Toolkit
from jsonschema import Draft201909Validator
from pydantic import ValidationError

# Properties of biodir, which the classes of Biolink do not have.
OWN_PREFIX = "biodir_"
# Prefixes that the context of Biolink lacks: nodes without an identifier, and cell lines.
FOREIGN_PREFIXES = ("'biodir'", "'Cellosaurus'")
FOREIGN = "prefix that Biolink lacks"


def rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a JSON Lines file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def bmt_faults(edge: dict[str, Any], categories: Mapping[str, list[str]], toolkit: Toolkit) -> Iterable[str]:
    """Yield what bmt finds wrong with predicate, qualifiers and classes of an edge.

    Args:
        edge: as KGX has it.
        categories: node -> its classes.
        toolkit: bmt.
    """
    predicate = toolkit.get_element(edge["predicate"])
    for end, wanted in (("subject", predicate.domain), ("object", predicate.range)):
        kinds = {kind for category in categories[edge[end]] for kind in toolkit.get_ancestors(category, mixin=True)}
        if wanted and wanted not in kinds:
            yield f"{end} of {edge['predicate']} is no {wanted}"
    for name in ("predicate", "qualified_predicate"):
        predicate = edge.get(name)
        if predicate is None:
            continue
        element = toolkit.get_element(predicate)
        if not predicate.startswith("biolink:") or element is None or not toolkit.is_predicate(predicate):
            yield f"{name} {predicate} is no predicate"
        elif element.deprecated:
            yield f"{name} {predicate} is deprecated"
    for name in ("object_aspect_qualifier", "object_direction_qualifier"):
        if name in edge and not toolkit.validate_qualifier(name, edge[name]):
            yield f"{name} {edge[name]} is no value of its enumeration"
    for category in edge["category"]:
        element = toolkit.get_element(category)
        if element is None or element.deprecated or element.mixin or element.abstract:
            yield f"class {category} is none of an edge"


def symmetric_faults(edges: Iterable[dict[str, Any]], toolkit: Toolkit) -> Iterable[str]:
    """Yield the edges that a pair has twice where Biolink gives them no order."""
    seen: set[tuple[Any, ...]] = set()
    for edge in edges:
        if toolkit.is_symmetric(edge["predicate"]):
            key = (frozenset((edge["subject"], edge["object"])), edge["predicate"], edge["original_predicate"])
            if key in seen:
                yield f"{edge['subject']} {edge['predicate']} {edge['object']}: twice"
            seen.add(key)


def model_faults(row: dict[str, Any], schema: dict[str, Any]) -> Iterable[str]:
    """Yield what the JSON Schema and the pydantic model of the row's class find wrong."""
    row = {name: value for name, value in row.items() if not name.startswith(OWN_PREFIX)}
    for category in row["category"]:
        name = category.removeprefix("biolink:")
        if name not in schema["$defs"]:
            continue  # of which bmt says that it is none
        for error in Draft201909Validator({"$defs": schema["$defs"], "$ref": f"#/$defs/{name}"}).iter_errors(row):
            yield f"JSON Schema, {name}: {error.message[:150]}"
        try:
            getattr(pydantic_model, name)(**row)
        except ValidationError as error:
            yield f"pydantic, {name}: {error.errors()[0]['msg'][:150]}"


def satisfiable(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the published JSON Schema of 4.4.6 without two faults, by which no node and no such edge is valid.

    - The class of an entity is a list whose values are limited, but the schema limits the list itself to a string.
    - An end of an edge whose class is a mixin, such as GeneOrGeneProduct, is an object without properties; of other
      classes it is a string. The pydantic model of the same release has a string for all.
    """
    for definition in schema["$defs"].values():
        properties = definition.get("properties", {})
        for end in ("subject", "object"):
            if "$ref" in properties.get(end, {}):
                properties[end] = {"type": "string"}
        category = properties.get("category", {})
        if "array" in category.get("type", ()) and "enum" in category:
            category["items"] = {"enum": category.pop("enum")}
    return schema


def kgx_faults(nodes: Path, edges: Path) -> tuple[Counter[str], Counter[str]]:
    """Return what the validator of KGX finds in two files, and how many nodes and edges KGX reads.

    They are read as a stream. In memory KGX keeps one edge for a subject, predicate and object, whatever its
    qualifiers.
    """
    from kgx.transformer import Transformer
    from kgx.validator import Validator

    read: Counter[str] = Counter()
    validator = Validator(progress_monitor=lambda kind, row: read.update([kind.name]))
    files = {"filename": [str(nodes), str(edges)], "format": nodes.suffix[1:]}
    Transformer(stream=True).transform(files, {"filename": "-", "format": "null"}, inspector=validator)
    found: Counter[str] = Counter()
    for level, kinds in validator.get_errors().items():
        for kind, messages in kinds.items():
            for message, places in messages.items():
                is_foreign = "is not represented in Biolink" in message and any(
                    prefix in message for prefix in FOREIGN_PREFIXES
                )
                found[FOREIGN if is_foreign else f"{level} {kind}: {message}"] += len(places)
    return found, read


def use_local_model(biolink: Path) -> Toolkit:
    """Return bmt with the model of the folder, and let KGX use it, too; both would download another one."""
    schema, predicates = biolink / "src/biolink_model/schema/biolink_model.yaml", biolink / "predicate_mapping.yaml"
    Toolkit.__init__.__defaults__ = (str(schema), str(predicates))  # KGX makes one when it is imported
    import kgx.config

    context = json.loads((biolink / "project/jsonld/biolink_model.context.jsonld").read_text(encoding="utf-8"))
    kgx.config.jsonld_context_map.update({"biolink": context["@context"], "monarch_context": {}, "obo_context": {}})
    return Toolkit()


def faults_of(name: str, folder: Path, toolkit: Toolkit, schema: dict[str, Any]) -> Counter[str]:
    """Return the faults of a network with their numbers, and print how much of it KGX reads."""
    nodes, edges = rows(folder / f"{name}_nodes.jsonl"), rows(folder / f"{name}_edges.jsonl")
    categories = {node["id"]: node["category"] for node in nodes}
    faults = Counter(fault for edge in edges for fault in bmt_faults(edge, categories, toolkit))
    faults.update(symmetric_faults(edges, toolkit))
    faults.update(fault for row in (*nodes, *edges) for fault in model_faults(row, schema))
    for suffix in (".jsonl", ".tsv"):
        found, read = kgx_faults(folder / f"{name}_nodes{suffix}", folder / f"{name}_edges{suffix}")
        counts = f"{read['NODE']} of {len(nodes)} nodes, {read['EDGE']} of {len(edges)} edges"
        print(f"{name}{suffix}: KGX reads {counts}; {FOREIGN}: {found.pop(FOREIGN, 0)}")
        faults.update(found)
        if (read["NODE"], read["EDGE"]) != (len(nodes), len(edges)):
            faults[f"{suffix}: not all read"] += 1
    return faults


def main(biolink: Path, folder: Path) -> int:
    """Check all networks in the folder and return 1 if there is any fault."""
    logging.disable(logging.WARNING)
    toolkit = use_local_model(biolink)
    schema_path = biolink / "project/jsonschema/biolink_model.schema.json"
    schema = satisfiable(json.loads(schema_path.read_text(encoding="utf-8")))
    print(f"Biolink {toolkit.get_model_version()}, KGX {version('kgx')}, bmt {version('bmt')}")
    total = 0
    for path in sorted(folder.glob("*_edges.jsonl")):
        faults = faults_of(path.name.removesuffix("_edges.jsonl"), folder, toolkit, schema)
        for fault, count in faults.most_common():
            print(f"  {count} x {fault}")
        total += sum(faults.values())
    print(f"faults: {total}")
    return int(total > 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
