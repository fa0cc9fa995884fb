"""The commands `biodir lexicon build`, `info` and `find`."""

import sys
from pathlib import Path
from typing import Annotated

from tqdm import tqdm
from typer import Argument, BadParameter, Option

from biodir.errors_biodir import SettingError, suggestion
from biodir.formats.reading import NAMED_PARTS
from biodir.labels_biodir import ENTITY_TYPES, known_type
from biodir.lexicon.building import Input, build_lexicon
from biodir.lexicon.concepts import HUMAN
from biodir.lexicon.lexicon import Lexicon
from biodir.lexicon.schema import LexiconInfo
from biodir.lexicon.sources import CELL_LINES, GENES, KNOWN_FILES, MESH, MESH_SUPPLEMENTARY, OMIM, TAXONOMY

Files = list[Path] | None
FileArgument = Annotated[Path, Argument(metavar="FILE", help="file that `biodir lexicon build` wrote")]
_AS = "files to read as {}, whatever their content looks like"


def build(
    output: Annotated[Path, Option("-o", "--output", metavar="OUT", help="file to write")],
    inputs: Annotated[Files, Argument(metavar="IN", help=f"files, also packed: {KNOWN_FILES}")] = None,
    species: Annotated[
        list[str] | None, Option(metavar="TAXID ...", help="species whose genes are read; by default 9606, human")
    ] = None,
    mesh: Annotated[Files, Option(metavar="IN ...", help=_AS.format("MeSH descriptors"))] = None,
    mesh_supplementary: Annotated[Files, Option(metavar="IN ...", help=_AS.format("records of MeSH"))] = None,
    genes: Annotated[Files, Option(metavar="IN ...", help=_AS.format("gene_info"))] = None,
    cell_lines: Annotated[Files, Option(metavar="IN ...", help=_AS.format("Cellosaurus"))] = None,
    taxonomy: Annotated[Files, Option(metavar="IN ...", help=_AS.format("names of the taxonomy"))] = None,
    omim: Annotated[Files, Option(metavar="IN ...", help=_AS.format("titles of OMIM"))] = None,
) -> None:
    """Make a lexicon from files of vocabularies.

    Download the files from their publishers first. They are recognised by their content; an option such as --genes
    says it for a file that is not.

        biodir lexicon build desc2026.xml gene_info.gz -o lexicon.sqlite
        biodir lexicon build gene_info.gz --species 9606 10090 -o l.sqlite
        biodir lexicon build --genes mine.tsv -o l.sqlite
    """
    named = {
        MESH: mesh,
        MESH_SUPPLEMENTARY: mesh_supplementary,
        GENES: genes,
        CELL_LINES: cell_lines,
        TAXONOMY: taxonomy,
        OMIM: omim,
    }
    files = [Input(path) for path in inputs or []]
    files += [Input(path, vocabulary) for vocabulary, paths in named.items() for path in paths or []]
    size = sum(each.path.stat().st_size for each in files if each.path.is_file())
    with tqdm(total=size, unit="B", unit_scale=True, disable=not sys.stderr.isatty()) as bar:
        info = build_lexicon(files, output, species or (HUMAN,), bar.update)
    print(f"{output}: {output.stat().st_size / 1e6:.1f} MB", file=sys.stderr)
    print(description(info), file=sys.stderr)


def info(file: FileArgument) -> None:
    """Show what a lexicon was made from and how many names it has.

    biodir lexicon info lexicon.sqlite
    """
    print(description(Lexicon(file).info))


def find(
    file: FileArgument,
    name: Annotated[str, Argument(metavar="NAME", help="in any spelling")],
    entity_type: Annotated[
        str | None, Option("--type", metavar="TYPE", help=f"one of {', '.join(ENTITY_TYPES)}, or another name of it")
    ] = None,
) -> None:
    """List the concepts that have a name, the best first.

    The columns are identifier, entity type, preferred name, name that was found, whether it is exact, and the species
    of genes and cell lines.

        biodir lexicon find lexicon.sqlite EGFR
        biodir lexicon find lexicon.sqlite "type 2 diabetes" --type Disease
    """
    kind = known_type(entity_type) if entity_type else None
    if entity_type and not kind:
        raise SettingError(f"--type {entity_type}: is no entity type; {suggestion(entity_type, ENTITY_TYPES)}")
    candidates = Lexicon(file).find(name, kind)
    if not candidates:
        raise SettingError(f"{file}: has no name {name!r}{f' of the type {kind}' if kind else ''}; try another name")
    for each in candidates:
        exact = "exact" if each.is_exact else "other spelling"
        print(each.identifier, each.entity_type, each.name, each.found, exact, each.species, sep="\t")


def lexicon_linker(file: Path | None, species: list[str] | None) -> Lexicon | None:
    """Return the lexicon of the options of `biodir predict`; the first ambiguous names go to standard error."""
    if file is None:
        if species:
            raise BadParameter("--species chooses genes of a lexicon; give --lexicon, too")
        return None
    left = NAMED_PARTS

    def report(note: str) -> None:
        nonlocal left
        left -= 1
        if left >= 0:
            tqdm.write(f"biodir: not linked: {note}", file=sys.stderr)

    return Lexicon(file, species or (HUMAN,), report)


def description(info: LexiconInfo) -> str:
    """Return what a lexicon says of itself, in lines."""
    lines = [f"made {info.created} by biodir {info.biodir}; genes of species {', '.join(info.species)}"]
    for each in info.sources:
        left_out = "".join(f"; left out: {count:,} {reason}" for reason, count in each.left_out.items())
        lines.append(
            f"{each.file} ({each.vocabulary}, {each.size_bytes / 1e6:.1f} MB, of {each.modified}): "
            f"{each.concepts:,} concepts, {each.names:,} names{left_out}"
        )
    lines += [f"{kind}: {info.concepts[kind]:,} concepts, {count:,} names" for kind, count in info.names.items()]
    return "\n".join(lines)
