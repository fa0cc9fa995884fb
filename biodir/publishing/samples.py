"""The sample document of a published model: the model's own, that of biodir, or one made from the labels."""

from collections.abc import Sequence
from pathlib import Path

from biodir.configuration_biodir import BioDirConfig
from biodir.document_biodir import Document, Mention
from biodir.document_candidates_biodir import candidate_pairs
from biodir.document_inputs_biodir import with_known_types
from biodir.document_pubtator_biodir import parse_document
from biodir.errors_biodir import BioDirError
from biodir.formats.pubtator import format_pubtator
from biodir.publishing.assembly import RepositoryFile
from biodir.publishing.errors import PublishError

SAMPLE = "samples/sample.pubtator"
# Pair types in a document that is made: enough to try a model, and far below the limits of `handler.py`.
MADE_PAIRS = 8


def sample_file(model: Path, checkout: Path) -> RepositoryFile:
    """Return the sample of the repository: a document with at least one candidate pair of the model.

    It is the model's own `samples/sample.pubtator` or the first other PubTator file there; without one, the sample of
    the checkout if its entity types are the model's; else one made from the model's pair types.

    Args:
        model: folder of the checkpoint.
        checkout: folder with the sample of biodir.

    Raises:
        PublishError: the model's own sample cannot be used.
    """
    config = BioDirConfig.from_pretrained(model)
    own, shared = model / SAMPLE, checkout / SAMPLE
    for path in (own, *sorted(own.parent.glob("*.pubtator"))):
        if path.is_file():
            _check_sample(path, config)
            return RepositoryFile(SAMPLE, path)
    try:
        _check_sample(shared, config)
    except (PublishError, FileNotFoundError):  # it has other entity types
        return RepositoryFile(SAMPLE, model / "config.json", format_pubtator(made_document(config.pair_types)))
    return RepositoryFile(SAMPLE, shared)


def made_document(pair_types: Sequence[Sequence[str]]) -> Document:
    """Return a document with one sentence for each of the first pair types, which names two entities of these types.

    Entities of one type differ in a number; the first entity of a sentence always has the number 1.
    """
    text, mentions = "", []
    for first, second in pair_types[:MADE_PAIRS]:
        names = (f"{first} 1", f"{second} {2 if first == second else 1}")
        for entity_type, name, link in ((first, names[0], " acts on "), (second, names[1], ". ")):
            mentions.append(Mention(len(text), len(text) + len(name), name, entity_type, (name.replace(" ", "_"),)))
            text += name + link
    return Document("sample", text.rstrip(), tuple(mentions))


def _check_sample(path: Path, config: BioDirConfig) -> None:
    """Check that the file holds one document that has a candidate pair."""
    try:
        document = parse_document(path.read_text(encoding="utf-8"), str(path))
        known = with_known_types(document, config.entity_types, config.type_map or {})
    except (BioDirError, UnicodeDecodeError) as error:
        raise PublishError(f"{path} cannot be the sample: {error}") from error
    if not any(candidate_pairs(known.entities(), config.pair_types)):
        raise PublishError(
            f"{path} cannot be the sample: no two of its entities form a pair type of config.json; give a document "
            "that has one"
        )
