"""Valid documents in all formats, and ways to damage them, as strategies of hypothesis."""

import bz2
import copy
import gzip
import io
import json
import math
import re
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from hypothesis import strategies as st

from biodir import Document, Mention, Relation
from biodir.document_biodir import title_and_abstract
from biodir.document_shapes_biodir import DOCUMENT_KEYS, ENTITY_KEYS, ID_KEYS, MENTION_KEYS
from biodir.formats.pubtator_writer import format_pubtator
from biodir.labels_biodir import ENTITY_TYPES, NOVELTY_LABELS, RELATION_LABELS

# Words with letters of one to four bytes, of one and two UTF-16 units, composed and not, and with signs inside.
WORDS = (
    *("EGFR", "iron", "p53", "V600E", "binds", "non-small", "(TNF)", "5'-UTR", "IL-2,", "x2;", "a/b.", "C++"),
    *("\u03b1-KG", "\u03b1\u2011KG", "Ångström", "Angstro\u0308m", "naïve", "β₂", "東京", "𝛽-catenin", "🧬gene"),
    *("d'Été", "ﬁbrin", "İ"),
)
IDENTIFIERS = ("D001", "MESH:D002", "OMIM:1", "1956", "C900001", "rs113488022", "p|SUB|V|600|E", "text:iron", "β1")
FREE_WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=6)


@st.composite
def documents(draw, id=None):
    """A valid document with title and abstract, mentions of its words, and relations of their identifiers."""
    words = draw(st.lists(st.sampled_from(WORDS) | FREE_WORDS, min_size=2, max_size=10))
    title_words = draw(st.integers(1, len(words) - 1))
    text, passages = title_and_abstract(" ".join(words[:title_words]), " ".join(words[title_words:]))
    mentions, start = [], 0
    for word in words:
        if draw(st.booleans()):
            kind = draw(st.sampled_from(ENTITY_TYPES))
            mentions.append(Mention(start, start + len(word), word, kind, draw(_identifiers(kind))))
        start += len(word) + 1
    relations = []
    for first, second in pairwise(dict.fromkeys(each for mention in mentions for each in mention.identifiers)):
        kind, novelty = (draw(st.sampled_from(labels[1:])) for labels in (RELATION_LABELS, NOVELTY_LABELS))
        subject = draw(st.sampled_from([None, first, second]))
        relations.append(Relation(kind, first, second, novelty, subject))
    name = id or draw(st.from_regex(r"[A-Za-z0-9]{1,8}", fullmatch=True))
    return Document(name, text, tuple(mentions), tuple(relations), passages)


def _identifiers(kind):
    known = [each for each in IDENTIFIERS if "|" not in each or kind == "SequenceVariant"]
    return st.lists(st.sampled_from(known), max_size=2, unique=True).map(tuple)


# The shapes of other tools. Each function makes JSON data of a document.


def own(document):
    return document.to_dict()


def title_abstract(document):
    title, abstract = (document.text[part.start_char : part.end_char] for part in document.passages)
    mapping = document.to_dict()
    return {"id": document.id, "title": title, "abstract": abstract, "entities": mapping["entities"]}


def bigbio(document):
    passages = [
        {"id": part.kind, "type": part.kind, "text": [document.text[part.start_char : part.end_char]]}
        | {"offsets": [[part.start_char, part.end_char]]}
        for part in document.passages
    ]
    entities = [
        {"id": f"T{number}", "type": each.entity_type, "text": [each.text]}
        | {"offsets": [[each.start_char, each.end_char]]}
        | {"normalized": [{"db_name": "MESH", "db_id": identifier} for identifier in each.identifiers]}
        for number, each in enumerate(document.mentions)
    ]
    relations = [
        {"id": "R1", "type": "Association", "arg1_id": "T0", "arg2_id": "T1", "normalized": []}
        for _ in document.mentions[1:2]
    ]
    ids = {"id": "row", "document_id": document.id}
    return ids | {"passages": passages, "entities": entities, "events": [], "coreferences": [], "relations": relations}


def bern2(document):
    annotations = [
        {"id": list(each.identifiers), "mention": each.text, "obj": each.entity_type, "prob": 0.9}
        | {"span": {"begin": each.start_char, "end": each.end_char}, "is_neural_normalized": True}
        for each in document.mentions
    ]
    return {"pmid": document.id, "text": document.text, "annotations": annotations, "timestamp": "now"}


def pubannotation(document):
    denotations, attributes = [], []
    for number, each in enumerate(document.mentions):
        span = {"begin": each.start_char, "end": each.end_char}
        denotations.append({"id": f"T{number}", "span": span, "obj": each.entity_type})
        attributes += [{"subj": f"T{number}", "pred": "identifier", "obj": one} for one in each.identifiers]
    relations = [{"id": "R1", "pred": "Association", "subj": "T0", "obj": "T1"} for _ in document.mentions[1:2]]
    ids = {"sourcedb": "PubMed", "sourceid": document.id, "text": document.text}
    return ids | {"denotations": denotations, "attributes": attributes, "relations": relations}


def doccano(document):
    label = [[each.start_char, each.end_char, each.entity_type] for each in document.mentions]
    return {"id": document.id, "text": document.text, "label": label}


def doccano_relations(document):
    entities = [
        {"id": number, "start_offset": each.start_char, "end_offset": each.end_char, "label": each.entity_type}
        for number, each in enumerate(document.mentions)
    ]
    relations = [{"id": 9, "from_id": 0, "to_id": 1, "type": "Association"} for _ in document.mentions[1:2]]
    return {"id": document.id, "text": document.text, "entities": entities, "relations": relations}


def prodigy(document):
    spans = [
        {"start": each.start_char, "end": each.end_char, "label": each.entity_type, "token_start": 0, "token_end": 1}
        for each in document.mentions
    ]
    relations = [{"head_span": a, "child_span": b, "label": "Association"} for a, b in pairwise(spans)]
    return {"text": document.text, "spans": spans, "relations": relations, "answer": "accept"}


def spacy(document):
    ents = [{"start": each.start_char, "end": each.end_char, "label": each.entity_type} for each in document.mentions]
    return {"text": document.text, "ents": ents, "sents": [{"start": 0, "end": len(document.text)}], "tokens": []}


def bioc(document):
    """BioC JSON with the infons of BioRED."""
    passages = []
    for part in document.passages:
        annotations = [
            {"id": str(number), "text": each.text, "infons": _infons(each)}
            | {"locations": [{"offset": each.start_char, "length": each.end_char - each.start_char}]}
            for number, each in enumerate(document.mentions)
            if part.start_char <= each.start_char < part.end_char
        ]
        text = document.text[part.start_char : part.end_char]
        passages.append({"offset": part.start_char, "infons": {"type": part.kind}, "text": text, "sentences": []})
        passages[-1] |= {"annotations": annotations, "relations": []}
    relations = [
        {"id": f"R{number}", "nodes": [], "infons": {"type": each.relation_type, "novel": each.novelty}}
        for number, each in enumerate(document.relations)
    ]
    for mapping, each in zip(relations, document.relations, strict=True):
        mapping["infons"] |= {"entity1": each.entity1_id, "entity2": each.entity2_id}
    return {"id": document.id, "infons": {}, "passages": passages, "annotations": [], "relations": relations}


def bioc_nodes(document):
    """BioC JSON with the relations of DrugProt, which name annotations, and a discontinuous mention."""
    mapping = bioc(document) | {"pmid": 7, "pmcid": "PMC7"}
    nodes = [{"refid": str(number), "role": role} for number, role in enumerate(["head", "tail"])]
    mapping["relations"] = [{"id": "R", "infons": {"type": "Bind"}, "nodes": nodes} for _ in document.mentions[1:2]]
    for part in mapping["passages"]:
        for each in part["annotations"][:1]:
            each["locations"].append({"offset": part["offset"], "length": 1})
    return mapping


def _infons(mention):
    return {"type": mention.entity_type, "identifier": ";".join(mention.identifiers) or "-"}


def article(document):
    """PubTator 3's own JSON of an article."""
    mapping = title_abstract(document)
    annotations = [
        {"start": each.start_char, "end": each.end_char, "name": each.text, "type": each.entity_type}
        | {"mesh": ";".join(each.identifiers) or "-"}
        for each in document.mentions
    ]
    relations = [
        {"relation_type": each.relation_type, "mesh1": each.entity1_id, "mesh2": each.entity2_id}
        for each in document.relations
    ]
    ids = {"pmid": document.id, "title": mapping["title"], "abstract": mapping["abstract"]}
    return ids | {"annotations": annotations, "relations": relations}


SHAPES = (
    *(own, title_abstract, bigbio, bern2, pubannotation, doccano, doccano_relations, prodigy, spacy),
    *(bioc, bioc_nodes, article),
)
# Containers of JSON values: bytes of a file.
CONTAINERS = {
    "lines": lambda values: "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values),
    "list": lambda values: json.dumps(values),
    "collection": lambda values: json.dumps({"source": "x", "documents": values}, indent=1),
    "PubTator3": lambda values: json.dumps({"PubTator3": values}, ensure_ascii=False),
    "indented": lambda values: "\n".join(json.dumps(value, indent=2) for value in values),
}


def encoded(text):
    """The bytes of a text, which may hold halves of surrogate pairs."""
    return text.encode("utf-8", "surrogatepass")


def pubtator_file(found):
    return "".join(map(format_pubtator, found))


def xml_file(found):
    """BioC XML of documents."""
    return f"<?xml version='1.0'?>\n<collection><source>x</source>{''.join(map(_xml, map(bioc, found)))}</collection>"


def _xml(value, tag="document"):
    """An element of BioC XML from a mapping of BioC JSON."""
    attributes = "".join(f" {key}={quoteattr(value[key])}" for key in ("refid", "role") if key in value)
    if tag in ("annotation", "relation"):
        attributes += f" id={quoteattr(value['id'])}"
    locations = value.get("locations", [])
    parts = [f"<id>{escape(value['id'])}</id>"] if tag == "document" else []
    infons = value.get("infons", {}).items()
    parts += [f"<infon key={quoteattr(key)}>{escape(str(each))}</infon>" for key, each in infons if each is not None]
    parts += [f"<{key}>{escape(str(value[key]))}</{key}>" for key in ("offset", "text") if key in value]
    parts += [f'<location offset="{each["offset"]}" length="{each["length"]}"/>' for each in locations]
    for key in ("passages", "sentences", "annotations", "relations", "nodes"):
        parts += [_xml(each, key.removesuffix("s")) for each in value.get(key, [])]
    return f"<{tag}{attributes}>{''.join(parts)}</{tag}>"


def brat_file(document):
    """The .ann file of a document."""
    lines = []
    for number, each in enumerate(document.mentions):
        lines.append(f"T{number}\t{each.entity_type} {each.start_char} {each.end_char}\t{each.text}")
        lines += [f"N{number}\tReference T{number} MESH:{one}\tname" for one in each.identifiers]
    lines += ["R1\tBind Arg1:T0 Arg2:T1\t" for _ in document.mentions[1:2]]
    return "".join(line + "\n" for line in [*lines, "#1\tNote T0\tfree text"])


# Damage.

_JUNK_TEXT = (
    *("", " ", "\t", "\n", "\n\n", "\r", "\r\n", "\u2028", "\x85", "\x00", "\x1c", "\ufeff", "|", "-", "-1", "0", "1"),
    *("99", "999999999999999999999", "9" * 5000, "1e5", "3.0", "٣", "²", "NaN", "None", "|t|", "|a|", "1|t|", "#"),
    *("Subject:", "{", "}", "[", "]", "<", ">", "</", "/>", "&", "&x;", "&#0;", "x:", "xml:", " x:y='1'", "<x:y/>"),
    *("<!--", "-->", "<![CDATA[", "]]>", "<?p?>", "<!DOCTYPE a [<!ENTITY x 'y'>]>", '"', "'", "\\", "\\ud800"),
    *("\\u0000", ":", ";", ",", "T1", "R1\t", "N1\t", "é", "e\u0301", "𝛽", "\u200b", "null", "true", "tmVar:;"),
    *("text:", "MESH:"),
)
_JUNK_BYTES = (b"\xff", b"\xed\xa0\x80", b"\xff\xfe", b"\xc3", b"\x00", b"PAR1", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
JUNK_VALUES = (
    *(None, True, False, 0, -1, 1, 3, 2.0, 0.5, math.nan, math.inf, 10**25, "", " ", "-", "None", "0", "1", "x"),
    *("\ud800", "\x00", "a\tb", "a\nb", "a|b;c,d", "C7|D8", "é", "title", "head", "{'identifier': 'MESH:D1'}", "{"),
    *("(" * 200, [], [[]], [None], [0, 1], [0, 4, "Gene"], [[0, 4]], ["a", "b"], [" "], {}, {"identifier": "D1"}),
    *({"id": []}, {"text": "x"}, {"start": 0, "end": 2}, {"begin": 0, "end": 2}, {"offset": 0, "length": 2}),
)
_KEYS = tuple(
    dict.fromkeys(
        [
            *(*DOCUMENT_KEYS, *ENTITY_KEYS, *ID_KEYS, *(key for keys in MENTION_KEYS.values() for key in keys)),
            *("offset", "offsets", "length", "locations", "span", "normalized", "db_id", "infons", "annotations"),
            *("sentences", "nodes", "refid", "role", "documents", "PubTator3", "unreadable", "relation", "entity1"),
            *("entity2", "subject", "novelty", "relation_score", "score", "pred", "subj", "arg1_id", "head", "child"),
            *("attributes", "type", "pmcid", "entites", "x", "", "identifier", "relation_type", "mesh1", "role1"),
        ]
    )
)


@st.composite
def damaged_value(draw, value, junk=JUNK_VALUES):
    """The JSON value with one to three changes: keys, values and entries removed, replaced, renamed, repeated."""
    holder = [copy.deepcopy(value)]
    for _ in range(draw(st.integers(1, 3))):
        container, key = draw(st.sampled_from(list(_slots(holder))))
        _change(draw, container, key, junk)
    return holder[0] if holder else None


def _slots(container):
    for key in container if isinstance(container, dict) else range(len(container)):
        yield container, key
        if isinstance(container[key], (dict, list)):
            yield from _slots(container[key])
    if not container:
        yield container, None


def _change(draw, container, key, junk):
    kind = draw(st.sampled_from(["replace", "replace", "shift", "remove", "rename", "wrap", "repeat"]))
    value = copy.deepcopy(draw(st.sampled_from(junk)))
    if isinstance(container, dict) and (key is None or kind == "repeat"):
        container[draw(st.sampled_from(_KEYS))] = value
    elif key is None:
        container.append(value)
    elif kind == "shift" and isinstance(container[key], int):
        container[key] += draw(st.integers(-3, 3))
    elif kind == "shift" and isinstance(container[key], str):
        container[key] = draw(damaged_text(container[key]))
    elif kind == "remove":
        del container[key]
    elif kind == "rename" and isinstance(container, dict):
        container[draw(st.sampled_from(_KEYS))] = container.pop(key)
    elif kind == "wrap":
        held = container[key]
        container[key] = draw(st.sampled_from([[held], [held, held], {"a": held}]))
    elif kind == "repeat":
        container.insert(key, copy.deepcopy(container[key]))
    else:
        container[key] = value


@st.composite
def damaged_text(draw, text):
    """The text with up to three changes of its words and signs."""
    parts = re.findall(r"\w+|\W", text) or [""]
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, max(0, len(parts) - 1)))
        end = place + draw(st.integers(1, 3))
        other = draw(st.sampled_from(_JUNK_TEXT))
        kind = draw(st.sampled_from(["replace", "insert", "remove", "repeat", "move", "shift"]))
        if kind == "shift":  # numbers are offsets, most of the time
            numbers = [index for index, part in enumerate(parts) if part.isdecimal() and len(part) < 9]
            for index in [draw(st.sampled_from(numbers))] if numbers else []:
                parts[index] = str(int(parts[index]) + draw(st.integers(-4, 4)))
        elif kind == "move":
            moved = parts[place:end]
            del parts[place:end]
            target = draw(st.integers(0, len(parts)))
            parts[target:target] = moved
        else:
            found = parts[place:end]
            parts[place:end] = {"replace": [other], "insert": [other, *found], "remove": [], "repeat": found * 2}[kind]
    return "".join(parts)


@st.composite
def damaged_bytes(draw, content):
    """The bytes with up to three changes, or in another encoding, with other line ends, or packed."""
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(content)))
        end = place + draw(st.integers(0, 4))
        content = content[:place] + draw(st.sampled_from([*_JUNK_BYTES, b""])) + content[end:]
    if draw(st.integers(0, 7)) == 0:
        content = content[: draw(st.integers(0, len(content)))]
    return draw(st.sampled_from(_RECODINGS))(content)


_RECODINGS = (
    *[lambda content: content] * 8,
    lambda content: content.replace(b"\n", b"\r\n"),
    lambda content: content.replace(b"\n", b"\r"),
    lambda content: content.decode("utf-8", "replace").encode("utf-16"),
    lambda content: content.decode("utf-8", "replace").encode("utf-16-be"),
    lambda content: content.decode("utf-8", "replace").encode("latin-1", "replace"),
    lambda content: b"\xef\xbb\xbf" + content,
    gzip.compress,
    bz2.compress,
    lambda content: gzip.compress(content)[:-9],
)


def parquet_file(rows):
    """The bytes of a Parquet file; None if Arrow has no type for the rows."""
    import pyarrow
    from pyarrow import parquet

    file = io.BytesIO()
    try:
        parquet.write_table(pyarrow.Table.from_pylist(rows), file)
    except (pyarrow.ArrowException, OverflowError, UnicodeError, TypeError, AttributeError):
        return None
    return file.getvalue()
