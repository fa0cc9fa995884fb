"""Which identifier a mention gets: by rule, or by the one candidate that is left after all distinctions."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from biodir.document_biodir import Document, Mention
from biodir.document_grouping_biodir import groups_by_name
from biodir.document_parts_biodir import TEXT_IDENTIFIER_PREFIX, bare_identifier
from biodir.labels_biodir import CELL_LINE, GENE, SPECIES, VARIANT, known_type
from biodir.lexicon.concepts import HUMAN, is_number, species_of
from biodir.lexicon.rules import AGES, names_age, organism_by_rule, species_in, variant_by_rule

BY_NAME, BY_OTHER_SPELLING, BY_RULE = "by name", "by another spelling of a name", "by rule"
BY_OTHER_MENTION = "by another mention"
AMBIGUOUS, OTHER_SPECIES, UNKNOWN = "ambiguous", "genes of species that the document does not name", "unknown"
NOT_LINKED = (AMBIGUOUS, OTHER_SPECIES, UNKNOWN)
# A species by its scientific name.
_BINOMIAL = re.compile(r"\b[A-Z][a-z]+\s+[a-z]{3,}\b")


@dataclass(frozen=True)
class Candidate:
    """A concept that has a name.

    Args:
        identifier: as BioRED writes it.
        entity_type: of the concept.
        name: the preferred name of the concept.
        found: its name that was found.
        is_exact: whether this is the name that was looked up, or only equal after `normalized_name`.
        rank: how good a name it is, see `biodir.lexicon.concepts`; 0 is the preferred name.
        species: NCBI taxonomy identifier, of genes and cell lines; else empty.
        vocabulary: where it comes from.
        preference: order of the vocabularies; 0 goes first.

    >>> Candidate("1956", "GeneOrGeneProduct", "EGFR", "ERBB", True, 2, "9606", "genes", 0).identifier
    '1956'
    """

    identifier: str
    entity_type: str
    name: str
    found: str
    is_exact: bool
    rank: int
    species: str
    vocabulary: str
    preference: int


Find = Callable[[str, str | None], tuple[Candidate, ...]]


@dataclass(frozen=True)
class Resolution:
    """What was found for a mention.

    Args:
        mention: as it was.
        identifier: None if the mention stays as it is.
        how: BY_NAME, BY_OTHER_SPELLING, BY_RULE, BY_OTHER_MENTION, or one of NOT_LINKED.
        candidates: all that may be meant if it is not linked; else the one that was chosen.

    >>> Resolution(Mention(0, 9, "rs1801133", "SequenceVariant"), "rs1801133", BY_RULE).how
    'by rule'
    """

    mention: Mention
    identifier: str | None
    how: str
    candidates: tuple[Candidate, ...] = ()


def resolve(document: Document, find: Find, default_species: Collection[str]) -> dict[int, Resolution]:
    """Return for each mention without identifier, by its index, what was found.

    Mentions that are one entity by their texts get one identifier: a number of dbSNP, or else that of the longest text
    that has one, since a long form is less ambiguous than its abbreviation.
    """
    groups = _groups(document)
    found: dict[int, Resolution] = {}
    for (kind, _), indices in groups.items():
        if kind == SPECIES:
            found |= _resolved_group(document, indices, kind, find, ())
    if any(kind in (GENE, CELL_LINE) for kind, _ in groups):
        words = {index: document.mentions[index].text.casefold().removesuffix("s") for index in found}
        organisms = [each for index, each in found.items() if words[index] not in AGES]  # these may be animals
        species = named_species(document, organisms, find) or set(default_species)
    else:
        species = set()
    for (kind, _), indices in groups.items():
        if kind != SPECIES:
            found |= _resolved_group(document, indices, kind, find, species)
    return dict(sorted(found.items()))


def with_identifiers(document: Document, resolutions: Mapping[int, Resolution]) -> Document:
    """Return the document with the identifiers that were found, in its relations, too."""
    mentions = list(document.mentions)
    renamed = {}
    for index, resolution in resolutions.items():
        if resolution.identifier is not None:
            mention = mentions[index]
            renamed.update(dict.fromkeys(mention.identifiers, resolution.identifier))
            mentions[index] = replace(mention, identifiers=(resolution.identifier,), source_identifier=None)
    relations = tuple(
        replace(
            relation,
            entity1_id=renamed.get(relation.entity1_id, relation.entity1_id),
            entity2_id=renamed.get(relation.entity2_id, relation.entity2_id),
            subject_id=renamed.get(relation.subject_id or "", relation.subject_id),
        )
        for relation in document.relations
    )
    lines = tuple((renamed.get(first, first), renamed.get(second, second)) for first, second in document.subject_lines)
    return replace(document, mentions=tuple(mentions), relations=relations, subject_lines=lines)


def named_species(document: Document, organisms: Iterable[Resolution], find: Find) -> set[str]:
    """Return the taxonomy identifiers of the species that a document names.

    Args:
        document: organism mentions with an identifier count, and so do everyday and scientific names in the text; a
            word for an age, such as "adult", means humans if there is no other.
        organisms: what was found for the others of its organism mentions.
        find: finds the scientific names.
    """
    organism_mentions = (each for each in document.mentions if known_type(each.entity_type) == SPECIES)
    linked = (identifier for mention in organism_mentions for identifier in mention.identifiers)
    named = {taxon for taxon in map(bare_identifier, linked) if is_number(taxon)} | species_in(document.text)
    named |= {each.identifier for each in organisms if each.identifier is not None}
    for name in set(_BINOMIAL.findall(document.text)):
        named |= {candidate.identifier for candidate in find(name, SPECIES) if candidate.is_exact}
    return named or ({HUMAN} if names_age(document.text) else set())


def chosen(candidates: Iterable[Candidate], species: Collection[str]) -> tuple[Candidate, ...]:
    """Return the candidates of one entity type that are left after all distinctions.

    These are, one after the other: species (of genes; of cell lines only where one fits), vocabulary, exact name, and
    how good the name is. A strain under which NCBI has genes counts as its species. Species go before exact names: in a
    text on mice, TNF is a gene of the mouse, which is Tnf.
    """
    wanted = set(map(species_of, species))
    left = [each for each in candidates if each.entity_type != GENE or species_of(each.species) in wanted]
    if any(each.entity_type == CELL_LINE and species_of(each.species) in wanted for each in left):
        left = [each for each in left if species_of(each.species) in wanted]
    for worth in (_preference, _is_other_spelling, _rank):
        best = min(map(worth, left), default=0)
        left = [each for each in left if worth(each) == best]
    return tuple(left)


def _preference(candidate: Candidate) -> int:
    return candidate.preference


def _is_other_spelling(candidate: Candidate) -> int:
    return not candidate.is_exact


def _rank(candidate: Candidate) -> int:
    return candidate.rank


def _groups(document: Document) -> dict[tuple[str, str], list[int]]:
    """Return the mentions without identifier that are one entity by their texts: (type, name) -> their indices.

    Those whose identifier is their text were grouped when they were read.
    """
    groups: dict[tuple[str, str], list[int]] = {}
    unnamed = [index for index, mention in enumerate(document.mentions) if not mention.identifiers]
    keys = groups_by_name(document.text, [document.mentions[index] for index in unnamed])
    for index, (kind, name) in zip(unnamed, keys, strict=True):
        groups.setdefault((kind, name), []).append(index)
    for index, mention in enumerate(document.mentions):
        if mention.identifiers and all(each.startswith(TEXT_IDENTIFIER_PREFIX) for each in mention.identifiers):
            kind = known_type(mention.entity_type) or mention.entity_type
            groups.setdefault((kind, mention.identifiers[0]), []).append(index)
    return groups


def _resolved_group(
    document: Document, indices: Iterable[int], kind: str, find: Find, species: Collection[str]
) -> dict[int, Resolution]:
    own = {index: _resolved(document.mentions[index], kind, find, species) for index in indices}
    linked = [each for each in own.values() if each.identifier is not None]
    if not linked:
        return own
    best = max(linked, key=_worth)
    return {
        index: each if each.identifier == best.identifier else replace(best, mention=each.mention, how=BY_OTHER_MENTION)
        for index, each in own.items()
    }


def _worth(resolution: Resolution) -> tuple[bool, int]:
    """Return how good the text of a mention is for all mentions of its entity: numbers of dbSNP, then long texts."""
    identifier, mention = resolution.identifier or "", resolution.mention
    return known_type(mention.entity_type) == VARIANT and identifier.startswith("rs"), len(mention.text)


def _resolved(mention: Mention, kind: str, find: Find, species: Collection[str]) -> Resolution:
    """Return what was found for a mention; `kind` is BioRED's name of its type."""
    rule = {VARIANT: variant_by_rule, SPECIES: organism_by_rule}.get(kind)
    identifier = rule(mention.text) if rule else None
    if identifier is not None:
        return Resolution(mention, identifier, BY_RULE)
    candidates = find(mention.text, kind)
    left = chosen(candidates, species)
    if len(left) > 1:
        return Resolution(mention, None, AMBIGUOUS, left)
    if not left:
        return Resolution(mention, None, OTHER_SPECIES if candidates else UNKNOWN, candidates)
    return Resolution(mention, left[0].identifier, BY_NAME if left[0].is_exact else BY_OTHER_SPELLING, left)
