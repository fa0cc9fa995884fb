"""The commands `biodir predict` and `biodir export-onnx`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from typer import Argument, BadParameter, Option

from biodir.errors_biodir import ErrorPolicy, SettingError
from biodir.fetching.command import with_articles
from biodir.files import check_paths, expand_inputs
from biodir.formats.pubtator_names import Vocabulary
from biodir.formats.reading import INPUT_HELP
from biodir.inference import Backend
from biodir.inference.writing import Writing
from biodir.lexicon.command import lexicon_linker
from biodir.lexicon.lexicon import Lexicon
from biodir.options import (
    BackendOption,
    DeviceOption,
    DirectionOption,
    ModelOption,
    OffsetsOption,
    RevisionOption,
    check_exclusive,
    end_of,
    quiet_pipeline,
    reading_policy,
)

if TYPE_CHECKING:
    from biodir.inference.ray_engine import RayEngine

# Functions import what needs torch or transformers: `biodir --help` should not wait for these.

# fmt: off
Format = Literal[
    "pubtator", "jsonl", "biocjson", "biocxml", "parquet", "csv", "tsv", "listing",
    "kgx-tsv", "kgx-jsonl", "neo4j", "cx2", "graphml", "indra", "page"
]
# fmt: on
Dialect = Literal["pubtator", "bioredirect", "pubtator3"]
Engine = Literal["local", "ray"]
OUTPUT_HELP = (
    "file to write: .pubtator, .jsonl, .json (BioC JSON), .xml (BioC XML), .parquet, .csv or .tsv (a row for each "
    "relation), also with .gz; or a network as of `biodir network`: .cx2, .graphml, .html, others by --format; a "
    "stopped run resumes when the command is given again"
)
OutputOption = Annotated[Path | None, Option("-o", "--output", metavar="OUT", help=OUTPUT_HELP)]
FILES_HELP = f"{INPUT_HELP}; folders, and patterns in quotes such as 'abstracts/*.xml'"
SkipOption = Annotated[
    Literal["skip-document", "skip-mention"] | None,
    Option(help="leave out the document (default), or only the mention, that has an error"),
]
StrictOption = Annotated[bool, Option("--strict", help="stop at the first error")]
RelationOption = Annotated[list[str] | None, Option("--relation", metavar="TYPE ...", help="only these types")]
PAIR_HELP = "only pairs of these entity types, without order, such as Chemical-Disease"
PairOption = Annotated[list[str] | None, Option("--pair-type", metavar="TYPE-TYPE ...", help=PAIR_HELP)]
EntityOption = Annotated[list[str] | None, Option("--entity", metavar="ID ...", help="only pairs with one of these")]
SECTION_HELP = (
    "only these sections of full texts, such as RESULTS or ABSTRACT; by default all but the references, with `all` "
    "these, too"
)
SectionOption = Annotated[list[str] | None, Option("--section", metavar="NAME ...", help=SECTION_HELP)]
NO_SECTION_HELP = "leave out these sections, such as METHODS"
NoSectionOption = Annotated[list[str] | None, Option("--no-section", metavar="NAME ...", help=NO_SECTION_HELP)]
ScoreOption = Annotated[float | None, Option("--min-score", help="leave out relations with a lower score (0..1)")]
BATCH_HELP = "candidate pairs in a batch of the model; with a small number texts are read more than once"
DIALECT_HELP = (
    "of PubTator output: pubtator (default) has relations of four columns, which every program reads; bioredirect also "
    "has novelty, Subject lines and scores; pubtator3 has the type names and identifiers of PubTator 3"
)
ENTITIES_HELP = "also write text and entities (JSON Lines), or list the entities"
PMIDS_HELP = "also articles of PubTator 3, which are fetched as by `biodir fetch`"
LEXICON_HELP = "file of `biodir lexicon build`, which gives mentions without identifier one"
SPECIES_HELP = "species that genes are from in documents that name none; by default 9606, human"
VOCABULARY_HELP = "names of relation types: those of the model, or those of PubTator 3, such as treat and inhibit"
EXPORT_HELP = "by default `onnx` in the checkpoint's folder"
ENGINE_HELP = "what computes: local is this process; ray has workers in other processes, also on other machines"
TYPE_MAP_HELP = "other names of entity types; NAME= leaves one out"


def predict(
    inputs: Annotated[list[Path] | None, Argument(metavar="IN", help=FILES_HELP)] = None,
    output: OutputOption = None,
    pmids: Annotated[str | None, Option(metavar="PMID,...", help=PMIDS_HELP)] = None,
    output_format: Annotated[Format | None, Option("--format", help="format of the output, if not by suffix")] = None,
    dialect: Annotated[Dialect | None, Option(help=DIALECT_HELP)] = None,
    vocabulary: Annotated[Vocabulary | None, Option(help=VOCABULARY_HELP)] = None,
    model: ModelOption = None,
    revision: RevisionOption = None,
    device: DeviceOption = None,
    backend: BackendOption = "auto",
    errors: SkipOption = None,
    strict: StrictOption = False,
    offsets: OffsetsOption = "characters",
    one_per_line: Annotated[bool, Option("--one-per-line", help="each line of plain text is a document")] = False,
    return_entities: Annotated[bool, Option("--return-entities", help=ENTITIES_HELP)] = False,
    lexicon: Annotated[Path | None, Option(metavar="FILE", help=LEXICON_HELP)] = None,
    species: Annotated[list[str] | None, Option(metavar="TAXID ...", help=SPECIES_HELP)] = None,
    relation: RelationOption = None,
    pair_type: PairOption = None,
    entity: EntityOption = None,
    section: SectionOption = None,
    no_section: NoSectionOption = None,
    min_score: ScoreOption = None,
    novel_only: Annotated[bool, Option("--novel-only", help="only relations that are new in their text")] = False,
    directed_only: Annotated[bool, Option("--directed-only", help="only relations with a direction")] = False,
    min_direction: DirectionOption = None,
    top_k: Annotated[int | None, Option(help="at most this many relations a document")] = None,
    engine: Annotated[Engine, Option(help=ENGINE_HELP)] = "local",
    address: Annotated[str | None, Option(help="of a Ray cluster, such as auto; by default one for this run")] = None,
    num_gpus: Annotated[float | None, Option(help="GPUs of a worker of Ray, also a part such as 0.5")] = None,
    concurrency: Annotated[int | None, Option(help="workers of Ray; by default as many as there is room for")] = None,
    batch_size: Annotated[int | None, Option(help=BATCH_HELP)] = None,
    type_map: Annotated[list[str] | None, Option(metavar="NAME=TYPE ...", help=TYPE_MAP_HELP)] = None,
) -> None:
    """Find the relations in files of documents.

    The relations are directed and hold between the entities of a document. Where nothing is marked, as in plain text,
    the model finds the entities. Without -o the relations are listed on the terminal. What has an error is left out,
    and listed in OUT.rejected.jsonl.

        biodir predict samples/sample.pubtator
        biodir predict notes.txt more.txt -o out.pubtator
        biodir predict abstracts/ 'more/*.xml.zst' -o out.jsonl.gz
        biodir predict titles.txt --one-per-line -o out.jsonl
        biodir predict a.pubtator b.jsonl -o out.csv --errors skip-mention
        biodir predict a.xml -o out.jsonl --relation Bind --directed-only
        biodir predict a.txt -o out.pubtator --dialect bioredirect
        biodir predict article.json -o out.jsonl --section RESULTS DISCUSS
        biodir predict notes.txt --lexicon lexicon.sqlite -o out.jsonl
        biodir predict --pmids 37026113,22429397 -o out.jsonl
        biodir predict abstracts/ -o network.html
        biodir predict abstracts/ -o out.jsonl --engine ray
    """
    policy = _policy(strict, errors, offsets)
    computing = _engine(engine, address, num_gpus, concurrency, device, backend)
    filters: dict[str, Any] = {"relation_types": relation, "entity_ids": entity, "threshold": min_score, "top_k": top_k}
    filters |= {"sections": section, "skip_sections": no_section, "batch_size": batch_size, "novel_only": novel_only}
    filters |= {"directed_only": directed_only, "min_direction_score": min_direction, "type_map": _type_map(type_map)}
    writing = Writing(output, output_format, dialect, vocabulary, return_entities)
    files = expand_inputs(inputs or [], writing.paths())
    check_paths(files, [output] if output else [])
    linker = lexicon_linker(lexicon, species)  # before the model is loaded
    filters = _given({**filters, "pair_types": pair_types(pair_type)}, linker)
    files, missing = with_articles(files, pmids, policy)
    extract, computed = _opened(model, revision, device, backend, computing)
    others = {"backend": computed, "lexicon": _state(lexicon), "species": species}
    writing.run(extract, files, policy, one_per_line, others, filters, computing, missing=missing)
    _end(policy, writing, linker)


def export_onnx(
    output: Annotated[Path | None, Argument(metavar="FOLDER", help=EXPORT_HELP)] = None,
    model: ModelOption = None,
    revision: RevisionOption = None,
    precision: Annotated[Literal["float32", "int8"] | None, Option(help="by default both")] = None,
) -> None:
    """Write a checkpoint as ONNX graphs, which predict without torch.

    They are encoder, tagger and heads, with tables, tokenizer and a manifest. In the folder `onnx` of the checkpoint
    `biodir predict` and `biodir.runtime.load` find them. float32 gives the relations of torch; int8 is smaller and
    faster, and its scores differ.

        biodir export-onnx --model runs/mine
        biodir export-onnx graphs/ --model runs/mine --precision int8
    """
    from biodir.checkpoint_names import default_model
    from biodir.inference.onnx_export import export_model
    from biodir.inference.opening import open_pipeline
    from biodir.runtime.manifest import FOLDER

    name = model or default_model()
    folder = output or Path(name) / FOLDER
    if not folder.parent.is_dir():
        raise SettingError(f"{folder.parent}: there is no such folder; name one that exists")
    extract: Any = open_pipeline(name, "cpu", "torch", revision=revision)
    kinds = {"float32": "onnx", "int8": "onnx-int8"}
    backends = [kinds[precision]] if precision else [*kinds.values()]
    for path in export_model(extract.model, extract.tokenizer, folder, backends, Path(name)):
        print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")


def _engine(
    name: Engine, address: str | None, num_gpus: float | None, concurrency: int | None, device: str | None, backend: str
) -> "RayEngine | None":
    """Return the engine of these options; None for this process."""
    given = {"--address": address, "--num-gpus": num_gpus, "--concurrency": concurrency}
    if name == "local":
        for option, value in given.items():
            if value is not None:
                raise BadParameter(f"{option} is for workers of Ray; give --engine ray, too")
        return None
    from biodir.inference.ray_engine import RayEngine

    if device is not None:
        raise BadParameter("--device is for the engine local; workers of Ray have GPUs by --num-gpus, else CPUs")
    if num_gpus and backend not in ("auto", "torch", "bf16"):
        raise SettingError(f"--backend {backend} is for CPUs; leave out --num-gpus, or choose torch or bf16")
    return RayEngine(address, num_gpus or 0.0, concurrency)


def _policy(strict: bool, errors: str | None, offsets: str) -> ErrorPolicy:
    check_exclusive(strict=strict, errors=errors)
    return reading_policy("raise" if strict else errors or "skip-document", offsets, relations=False)


def _opened(
    model: str | None, revision: str | None, device: str | None, backend: Backend, engine: "RayEngine | None"
) -> tuple[Any, str]:
    """Return the pipeline, and the back end that computes it."""
    if engine and backend == "auto":
        backend = "torch"  # its weights go to the workers, which may not see the folder of the graphs
    extract = quiet_pipeline(model, "cpu" if engine else device, backend, revision)
    return extract, extract.backend


def _end(policy: ErrorPolicy, writing: Writing, linker: Lexicon | None) -> None:
    """Print the counts of the run, and end with its status."""
    if linker:
        print(f"biodir: {linker.summary()}", file=sys.stderr)
    end_of(policy, writing.counts)


def pair_types(names: list[str] | None) -> list[list[str]]:
    pairs = [name.split("-") for name in names or ()]
    for name, pair in zip(names or (), pairs, strict=True):
        if len(pair) != 2:
            raise SettingError(f"--pair-type {name!r}: write two entity types as TYPE-TYPE, such as Chemical-Disease")
    return pairs


def _given(filters: dict[str, Any], linker: Lexicon | None) -> dict[str, Any]:
    """Return the filters, None where an option was not given, with the function of the linker."""
    given = {name: None if value is False or value == [] else value for name, value in filters.items()}
    return {**given, **({"link": linker.link} if linker else {})}


def _state(path: Path | None) -> list[str | int] | None:
    """Return what shows that a file is another one: name, size and time."""
    return [str(path), path.stat().st_size, path.stat().st_mtime_ns] if path else None


def _type_map(pairs: list[str] | None) -> dict[str, str | None]:
    mapped = {}
    for pair in pairs or ():
        name, equals, kind = pair.partition("=")
        if not equals:
            raise SettingError(f"--type-map {pair!r}: write NAME=TYPE, or NAME= to leave the type out")
        mapped[name] = kind or None
    return mapped
