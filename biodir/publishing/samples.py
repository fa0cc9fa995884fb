"""The document that a published model is asked about: its own, that of biodir, or one made from its labels."""

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

SAMPLES = "samples"
SAMPLE = f"{SAMPLES}/sample.pubtator"
# Pair types in a document that is made: enough to try a model, and far below the limits of `handler.py`.
MADE_PAIRS = 8


def sample_file(model: Path, checkout: Path) -> RepositoryFile:
    """The sample of the repository: a document with at least one pair that the model is asked about.

    It is the model's own `samples/sample.pubtator` or the first other PubTator file there; without one, the checkout's
    sample if its entity types are the model's; else one made from the model's entity types and pair types.

    Args:
        model: folder of the checkpoint.
        checkout: where the sample of biodir is.

    Raises:
        PublishError: the model's own sample cannot be used.
    """
    config = BioDirConfig.from_pretrained(model)
    own = sorted((model / SAMPLES).glob("*.pubtator"), key=lambda path: (path.name != Path(SAMPLE).name, path.name))
    if own:
        _check_sample(own[0], config)
        return RepositoryFile(SAMPLE, own[0])
    shared = checkout / SAMPLE
    if shared.is_file():
        try:
            _check_sample(shared, config)
        except PublishError:
            pass  # it has other entity types
        else:
            return RepositoryFile(SAMPLE, shared)
    return RepositoryFile(SAMPLE, model / "config.json", format_pubtator(made_document(config.pair_types)))


def made_document(pair_types: Sequence[Sequence[str]]) -> Document:
    """A document that names two entities of each of the first pair types, a sentence for a pair type.

    Entities of a type are told apart by a number; the one that stands first in its pairs is always number 1.
    """
    text, mentions = "", []
    for first, second in pair_types[:MADE_PAIRS]:
        names = (f"{first} 1", f"{second} {2 if first == second else 1}")
        for kind, name, link in ((first, names[0], " acts on "), (second, names[1], ".")):
            mentions.append(Mention(len(text), len(text) + len(name), name, kind, (name.replace(" ", "_"),)))
            text += name + link
        text += " "
    return Document("sample", text.rstrip(), tuple(mentions))


def _check_sample(path: Path, config: BioDirConfig) -> None:
    """Nothing where the file holds one document with a pair that the model is asked about."""
    try:
        document = parse_document(path.read_text(encoding="utf-8"), str(path))
        known = with_known_types(document, config.entity_types, config.type_map)
    except (BioDirError, UnicodeDecodeError) as error:
        raise PublishError(f"{path} cannot be the sample: {error}") from error
    if not any(candidate_pairs(known.entities(), config.pair_types)):
        raise PublishError(
            f"{path} cannot be the sample: no two of its entities form a pair type of config.json; give a document "
            "that has one"
        )
