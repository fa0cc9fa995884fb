"""Identifiers and relation types of other tools, in the names of gold.

PubTator 3 writes ``MESH:D007501`` where BioRED has ``D007501``, and one long identifier for a variant. Its own names of
relation types, such as ``treat``, and statements of INDRA are those of BioRED here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from biodir.document_biodir import Document, Relation
from biodir.document_parts_biodir import IdentifierSet
from biodir.errors_biodir import AnnotationError, ErrorPolicy, SettingError, located, suggestion
from biodir.formats.pubtator_names import biored_relation
from biodir.labels_biodir import RELATION_LABELS

RENAMED_IDENTIFIERS = "identifiers of predictions that gold writes in another way (a prefix such as MESH)"
RENAMED_RELATIONS = "relation types of predictions with other names, read as those of BioRED"
LEFT_OUT = "predicted relations of types that the relation map leaves out"
# Types of statements of INDRA -> BioRED. Modifications, such as Phosphorylation, do not say which way they go.
MODIFICATIONS = (
    *("phosphorylation", "ubiquitination", "sumoylation", "hydroxylation", "acetylation", "glycosylation"),
    *("farnesylation", "geranylgeranylation", "palmitoylation", "myristoylation", "ribosylation", "methylation"),
)
INDRA_RELATIONS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("Activation", "IncreaseAmount"), "Positive_Correlation"),
        **dict.fromkeys(("Inhibition", "DecreaseAmount"), "Negative_Correlation"),
        **dict.fromkeys(("Complex",), "Bind"),
        **{name: "Association" for word in MODIFICATIONS for name in (word.capitalize(), f"De{word}")},
        **dict.fromkeys(("Transphosphorylation", "Influence", "Gef", "Gap"), "Association"),
    }
)
_KEYED = re.compile(r"(?:^|;)(?:tmVar|HGVS|RS#):")
_SUBSTITUTION = {
    "p": re.compile(r"p\.([A-Z])(\d+)([A-Z*])"),
    "c": re.compile(r"c\.(-?\d+)([ACGT])>([ACGT])"),
}


class RelationNames:
    """Names of relation types -> those of gold and of BioRED.

    Args:
        relation_map: further names, compared without regard to case, "_", "-" and spaces; None leaves relations out.
        gold_types: relation types of gold.

    Raises:
        SettingError: the map names a type that neither gold nor BioRED has.

    >>> names = RelationNames({"is induced by": "Positive_Correlation"})
    >>> [names.meant(name) for name in ("Is_induced by", "treat", "Complex")]
    ['Positive_Correlation', 'Negative_Correlation', 'Bind']
    """

    def __init__(
        self, relation_map: Mapping[str, str | None] = MappingProxyType({}), gold_types: Iterable[str] = ()
    ) -> None:
        self._types = {*RELATION_LABELS[1:], *gold_types}
        for name, kind in relation_map.items():
            if kind is not None and kind not in self._types:
                other = _known_name(kind)
                meant = f"did you mean {other!r}?" if other in self._types else suggestion(kind, sorted(self._types))
                raise SettingError(
                    f"--relation-map '{name}={kind}': TYPE is {kind!r}; it must be a relation type of gold or BioRED; "
                    f"{meant}"
                )
        self._given = {_key(name): kind for name, kind in relation_map.items()}
        self._unused = {_key(name): name for name in relation_map}

    def meant(self, name: str) -> str | None:
        """Return the type that a name means; None where the map leaves the relation out.

        Raises:
            AnnotationError: nothing knows the name.
        """
        key = _key(name)
        if key in self._given:
            self._unused.pop(key, None)
            return self._given[key]
        if name in self._types:
            return name
        found = _known_name(name)
        if found is None:
            raise AnnotationError(
                f"the relation type {name!r} is unknown; {suggestion(name, sorted(self._types))}; "
                f"--relation-map '{name}=TYPE' says what it means, '{name}=' leaves it out",
                "unknown relation type",
            )
        return found

    @property
    def unused(self) -> list[str]:
        """The names of the map that `meant` was never called with."""
        return list(self._unused.values())


def parsed_relation_map(pairs: list[str] | None) -> dict[str, str | None]:
    """Return the relation map of the option: ``NAME=TYPE``, and ``NAME=`` for relations that are left out.

    Raises:
        SettingError: a pair has no name or no ``=``, or a name is given twice.

    >>> parsed_relation_map(["treats=Negative_Correlation", "mentions="])
    {'treats': 'Negative_Correlation', 'mentions': None}
    """
    found: dict[str, str | None] = {}
    for pair in pairs or []:
        name, equals, kind = pair.rpartition("=")
        if not equals or not name.strip():
            raise SettingError(f"--relation-map {pair!r}: write NAME=TYPE, or NAME= to leave such relations out")
        twice = [each for each in found if _key(each) == _key(name)]
        if twice:
            raise SettingError(f"--relation-map {pair!r}: {twice[0]!r} is given twice; give each NAME one TYPE")
        found[name.strip()] = kind.strip() or None
    return found


class GoldIdentifiers:
    """The identifiers of a gold document, found as other tools write them.

    >>> gold = Document("7", "", relations=(Relation("Bind", "D007501", "p|SUB|V|600|E"),))
    >>> known = GoldIdentifiers(gold)
    >>> known.same_as("MESH:D007501"), known.same_as("tmVar:p|SUB|V|600|E;HGVS:p.V600E;RS#:113488022")
    ('D007501', 'p|SUB|V|600|E')
    """

    def __init__(self, gold: Document) -> None:
        named = [identifier for mention in gold.mentions for identifier in mention.identifiers]
        named += [identifier for relation in gold.relations for identifier in sorted(relation.pair)]
        self._exact = frozenset(named)
        self._of_form = {form: identifier for identifier in reversed(named) for form in _forms(identifier)}
        self._set = IdentifierSet(self._of_form)

    def same_as(self, identifier: str) -> str | None:
        """Return the identifier of gold that means the same; None if gold has none."""
        if identifier in self._exact:
            return identifier
        for form in _forms(identifier):
            for match in self._set.matches(form):
                return self._of_form[match]
        return None


def _forms(identifier: str) -> Iterator[str]:
    """Yield the ways in which an identifier may be written: of a variant its parts, of gene@variant the variant."""
    yield identifier
    parts = identifier.split(";") if _KEYED.search(identifier) else [identifier]
    for part in parts:
        key, colon, value = part.partition(":")
        value = value if colon and key in ("tmVar", "HGVS") else f"rs{value}" if colon and key == "RS#" else ""
        if value:
            yield value
        protein, coding = (pattern.fullmatch(value or part) for pattern in _SUBSTITUTION.values())
        if protein:
            yield "p|SUB|{}|{}|{}".format(*protein.groups())
        if coding:
            yield "c|SUB|{1}|{0}|{2}".format(*coding.groups())
    if "@" in identifier:
        yield identifier.rpartition("@")[2]  # BioREx


def with_gold_names(document: Document, gold: Document | None, names: RelationNames, policy: ErrorPolicy) -> Document:
    """Return the predictions of a document with the identifiers and relation types of gold; mentions stay as they are.

    Args:
        document: predictions.
        gold: the document with the same id; None if identifiers stay as they are, too.
        names: of relation types.
        policy: counts what is renamed and left out, and whether a relation of an unknown type is.
    """
    known = GoldIdentifiers(gold) if gold is not None else None
    attempts = (partial(_renamed, relation, known, names, policy) for relation in document.relations)
    relations = tuple(each for each in policy.parts("relation", attempts) if each is not None)
    return document if relations == document.relations else replace(document, relations=relations)


def _renamed(
    relation: Relation, known: GoldIdentifiers | None, names: RelationNames, policy: ErrorPolicy
) -> Relation | None:
    with located(f"relation of {relation.entity1_id} and {relation.entity2_id}"):
        kind = names.meant(relation.relation_type)
    if kind is None:
        policy.note(LEFT_OUT)
        return None
    policy.note(RENAMED_RELATIONS, kind != relation.relation_type)
    renamed = relation if known is None else _with_identifiers(relation, known, policy)
    return replace(renamed, relation_type=kind)


def _with_identifiers(relation: Relation, known: GoldIdentifiers, policy: ErrorPolicy) -> Relation:
    name_of = {each: known.same_as(each) or each for each in (relation.entity1_id, relation.entity2_id)}
    policy.note(RENAMED_IDENTIFIERS, sum(name != each for each, name in name_of.items()))
    subject_id = relation.subject_id and name_of[relation.subject_id]
    entity1_id, entity2_id = name_of[relation.entity1_id], name_of[relation.entity2_id]
    return replace(relation, entity1_id=entity1_id, entity2_id=entity2_id, subject_id=subject_id)


def _known_name(name: str) -> str | None:
    """Return the relation type of BioRED for its own name in another spelling, or that of PubTator 3 or INDRA."""
    other = biored_relation(_key(name).replace(" ", "_"))
    return other if other in RELATION_LABELS else _KNOWN.get(_key(name))


def _key(name: str) -> str:
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())


_NAMES = {**INDRA_RELATIONS, **{name: name for name in RELATION_LABELS[1:]}}
_KNOWN = {_key(name): kind for name, kind in _NAMES.items()}
