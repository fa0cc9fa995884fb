"""Names of entities: the form in which the names of one entity are equal, rule by rule.

`docs/entities.md` has what each rule does and what it wins on BioREDirect.
"""

import re
import unicodedata
from collections.abc import Collection

from .labels_biodir import CHEMICAL, DISEASE, GENE, SPECIES, VARIANT

# Rules that change the form of a name, and those of `document_grouping_biodir`, which read the text.
NAME_RULES = ("spelling", "plural", "adjective", "head", "greek-letter", "salt", "element", "organism", "variant")
TEXT_RULES = ("abbreviation", "modifier", "inside", "long-mention", "apposition", "genus")
RULES = (*NAME_RULES, *TEXT_RULES)

_GREEK_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi "
    "psi omega"
).split()
_GREEK = dict(zip("αβγδεζηθικλμνξοπρστυφχψω", _GREEK_NAMES, strict=True)) | {"ς": "sigma"}
# A Greek name that stands alone or between capitals and digits, as in TNFalpha1. A short one after one capital may be
# none: Spi1.
_LONG_GREEK = "|".join(f"[{name[0].upper()}{name[0]}]{name[1:]}" for name in _GREEK_NAMES if len(name) > 3)
_SHORT_GREEK = "|".join(name for name in _GREEK_NAMES if len(name) <= 3)
_GREEK_WORD = re.compile(
    rf"(?:(?<![a-z])(?:{_LONG_GREEK})|(?:(?<![A-Za-z])|(?<=[A-Z]{{2}}))(?:{_SHORT_GREEK}))(?![a-z])"
)
# What symbols of genes have for a Greek letter, as in PRKCH and POLQ. Letters that few symbols have, or several ways,
# are left out, and so is rho, which is a name itself.
_SYMBOL_LETTERS = {
    **{"alpha": "a", "beta": "b", "gamma": "g", "delta": "d", "epsilon": "e", "zeta": "z", "eta": "h", "theta": "q"},
    **{"iota": "i", "kappa": "k", "lambda": "l", "mu": "m", "nu": "n", "pi": "p", "sigma": "s", "tau": "t"},
}
_TOKEN = re.compile(r"[^\W\d_]+|\d+|\+")
# A word that may be a plural: the s of Lats1 and Ptgs2 is none.
_WORD = re.compile(r"[^\W\d_]+(?![^\W_])")
# British spellings inside a word -> the American ones.
_BRITISH = {"ae": "e", "oe": "e", "sulph": "sulf", "aluminium": "aluminum"}
_POSSESSIVE = re.compile(r"(?<=\w)['\u2019`]s\b")
# Words at the end of a name that add nothing to it.
_HEADS = {
    GENE: ("gene", "protein", "mrna"),
    VARIANT: ("mutation", "polymorphism", "variant", "allele", "deletion", "substitution"),
}
_SALTS = ("hcl", "hydrochloride", "sodium")
# Salts of bases, as in morphine sulfate; but estrone sulfate and ethyl acetate are other substances.
_SALTS_OF_BASES = ("sulfate", "acetate")
# Types in which a word in capitals may be a plural: PATIENTS; KRAS as Kras. In a disease it may be none: AIDS.
_TYPES_WITHOUT_CASE = (GENE, SPECIES)
# Endings of a noun and of its adjective, as in psoriasis and psoriatic, inflammation and inflammatory.
_ADJECTIVE = re.compile(
    "(?:iasis|iatic|osis|otic|asis|atic|sis|tic|(?<=kine)sia|tion|tory|tive|sion|sive|ia|(?<!tox)ic|sy|y|tes?|ity|"
    "(?<=[ae]n)(?:t|cy|ce))$"
)
_MIN_ADJECTIVE_CHARS = 7
_ELEMENTS = {
    **{"Li": "lithium", "Na": "sodium", "K": "potassium", "Mg": "magnesium", "Ca": "calcium", "Fe": "iron"},
    **{"Cu": "copper", "Zn": "zinc", "Mn": "manganese", "Cd": "cadmium", "Hg": "mercury", "Pb": "lead"},
    **{"Al": "aluminum", "Ni": "nickel", "Co": "cobalt", "Se": "selenium", "Cr": "chromium", "Pt": "platinum"},
    **{"As": "arsenic", "Ag": "silver", "Au": "gold"},
}
_CHARGE = re.compile(r"[(]?\d?\s?\+[)]?|[(]?\d[)]?\+$")
_ORGANISMS = {
    **dict.fromkeys(
        (
            *("human", "homosapien", "man", "men", "woman", "women", "person", "people", "patient", "inpatient"),
            *("outpatient", "participant", "volunteer", "individual", "family", "adult", "infant", "child"),
            *("children", "boy", "girl"),
        ),
        "human",
    ),
    **dict.fromkeys(("mouse", "mice", "murine", "musmusculus"), "mouse"),
    **dict.fromkeys(("rat", "rattusnorvegicus"), "rat"),
}


def name_key(name: str, entity_type: str, rules: Collection[str] = RULES) -> str:
    """Return the form in which names of one entity are equal.

    Args:
        name: as the text has it.
        entity_type: one of `ENTITY_TYPES`; with another one only the rules for all types count.
        rules: names of `NAME_RULES`, by default all.

    >>> name_key("IL-6 proteins", "GeneOrGeneProduct") == name_key("il 6", "GeneOrGeneProduct")
    True
    >>> name_key("p.Thr790Met", "SequenceVariant") == name_key("T790M mutation", "SequenceVariant")
    True
    """
    name = " ".join(unicodedata.normalize("NFKC", name).split())
    if entity_type == VARIANT and "variant" in rules:
        variant = _variant_key(name)
        if variant:
            return variant
    if entity_type == CHEMICAL and "element" in rules:
        name = _ELEMENTS.get(_CHARGE.sub("", name), name)
    if "spelling" not in rules:
        return name.casefold()
    name = _with_greek_names(_POSSESSIVE.sub("", name))
    if "plural" in rules:
        name = _WORD.sub(lambda found: _singular(found.group(), entity_type), name)
    tokens = _tokens(name)
    if "greek-letter" in rules and entity_type == GENE:
        tokens[1:] = [_SYMBOL_LETTERS.get(token, token) for token in tokens[1:]]
    if "head" in rules:
        _drop_last(tokens, _HEADS.get(entity_type, ()))
    if "salt" in rules and entity_type == CHEMICAL:
        _drop_salt(tokens)
    if "adjective" in rules and entity_type == DISEASE:
        tokens = [_ADJECTIVE.sub("", each) if len(each) >= _MIN_ADJECTIVE_CHARS else each for each in tokens]
    key = _joined(tokens) or name.casefold()
    return _ORGANISMS.get(key, key) if "organism" in rules and entity_type == SPECIES else key


def _with_greek_names(name: str) -> str:
    """Return a name with its Greek letters as words: "TNFalpha" as "TNF alpha"."""
    name = "".join(f" {_GREEK[char.casefold()]} " if char.casefold() in _GREEK else char for char in name)
    return _GREEK_WORD.sub(r" \g<0> ", name)


def _tokens(name: str) -> list[str]:
    """Return the runs of letters and of digits, in lower case and American spelling."""
    return [_american(token) for token in _TOKEN.findall(name.casefold())]


def _american(token: str) -> str:
    if len(token) <= 4:
        return token
    for british, american in _BRITISH.items():
        token = token.replace(british, american)
    return re.sub("our$", "or", token)


def _joined(tokens: Collection[str]) -> str:
    """Return the tokens without spaces; a point keeps numbers apart."""
    key = ""
    for token in tokens:
        key += f".{token}" if key[-1:].isdigit() and token[0].isdigit() else token
    return key


def _drop_last(tokens: list[str], words: Collection[str]) -> None:
    """Remove words at the end, but never the first one."""
    while len(tokens) > 1 and tokens[-1] in words:
        tokens.pop()


def _drop_salt(tokens: list[str]) -> None:
    if not tokens or tokens[0] in _ELEMENTS.values():
        return
    _drop_last(tokens, _SALTS)
    if tokens[-1] in _SALTS_OF_BASES and "".join(tokens[-2:-1]).endswith("ine"):
        tokens.pop()


def _singular(word: str, entity_type: str) -> str:
    """Return the singular of an English word, and of an abbreviation such as "NSAIDs"."""
    if len(word) > 2 and word[-1] == "s" and word[-2].isupper():
        word = word[:-1]
    if entity_type in _TYPES_WITHOUT_CASE:
        word = word.lower()
    if len(word) < 4 or not word[1:].islower():
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if re.search("(?:ch|sh|x|ss|virus|etus|sinus)es$", word):
        return word[:-2]
    if re.search("(?:sta|ro|no|io|the|yp|ep)ses$", word):
        return word[:-2] + "is"
    return word[:-1] if word[-1] == "s" and word[-2] not in "sui" else word


# Variants.

_AMINO_ACIDS = (
    dict(
        zip(
            "ala arg asn asp cys gln glu gly his ile leu lys met phe pro ser thr trp tyr val ter stop".split(),
            "ARNDCQEGHILKMFPSTWYV**",
            strict=True,
        )
    )
    | dict(
        zip(
            (
                "alanine arginine asparagine aspartate cysteine glutamine glutamate glycine histidine isoleucine "
                "leucine lysine methionine phenylalanine proline serine threonine tryptophan tyrosine valine"
            ).split(),
            "ARNDCQEGHILKMFPSTWYV",
            strict=True,
        )
    )
    | {"aspartic acid": "D", "glutamic acid": "E"}
)
_ACID = f"({'|'.join(sorted(_AMINO_ACIDS, key=len, reverse=True))}|[ACDEFGHIKLMNPQRSTVWYX*])"
_BASE, _PLACE, _ARROW = "([ACGT])", r"\(?([-+*]?\d+(?:[-+]\d+)?)\)?", r"(?:\s*(?:-{0,2}>|→|/)\s*|[\s-]*\bto\b[\s-]*)"
_SITE = "(?:codon|position|residue|amino acid)"
# Pattern of a complete name -> its form: position, before and after. The first that fits is taken.
_VARIANTS = (
    (re.compile(rf"(?:c\.\s?)?{_PLACE}\s*{_BASE}{_ARROW}{_BASE}", re.I), (1, 2, 3), False),
    (re.compile(rf"(?:c\.\s?)?{_BASE}\s*{_PLACE}\s*{_ARROW}{_BASE}", re.I), (2, 1, 3), False),
    (re.compile(rf"(?:p\.\s?)?[(\[]?{_ACID}[- ]?\(?(\d+)\)?[- ]?{_ACID}[)\]]?", re.I), (2, 1, 3), True),
    (re.compile(rf"(?:p\.\s?)?{_ACID}{_ARROW}{_ACID}[- ]*\(?(\d+)\)?", re.I), (3, 1, 2), True),
    (re.compile(rf"{_ACID}{_ARROW}(?:an? )?{_ACID}\D*?{_SITE}\s*(\d+)", re.I), (3, 1, 2), True),
    (
        re.compile(rf"{_ACID}{_ARROW}(?:an? )?{_ACID} substitution at {_SITE}\s*(\d+)", re.I),
        (3, 1, 2),
        True,
    ),
)
_VARIANT_HEAD = re.compile(r"\s*\b(?:mutation|polymorphism|variant|allele|substitution)s?$", re.I)
_DELETION = re.compile(r"(?:c\.\s?)?(\d+(?:_\d+)?)\s*(del|ins|dup)\s*([acgt]*)", re.I)
# p.Phe508del, and as older texts have it, ΔF508; p.Arg97ProfsTer23.
_DELTA = re.compile(rf"(?:[Δ∆]|delta)[- ]?({_ACID}\d+)", re.I)
_PROTEIN_CHANGE = re.compile(
    rf"(?:p\.\s?)?[(\[]?({_ACID}\d+(?:_{_ACID}\d+)?(?:del|dup|{_ACID}?fs(?:(?:ter|[x*])\d+)?))[)\]]?", re.I
)
_ACID_OF_CHANGE = re.compile(rf"{_ACID}(?=\d|fs)", re.I)


def _variant_key(name: str) -> str | None:
    """Return position, wild type and mutant of a variant that is written in a known way.

    Letters that are bases and amino acids, as in C677T, are read as amino acids unless there is an arrow.
    """
    name = _VARIANT_HEAD.sub("", name)
    for pattern, (place, before, after), is_protein in _VARIANTS:
        found = pattern.fullmatch(name)
        if found:
            ends = [_letter(found[part]) if is_protein else found[part].upper() for part in (before, after)]
            return f"{'p' if is_protein else 'c'} {found[place]} {' '.join(ends)}"
    change = _PROTEIN_CHANGE.fullmatch(_DELTA.sub(r"\1del", name))
    if change:
        return f"p {_ACID_OF_CHANGE.sub(lambda acid: _letter(acid[0]), change[1].lower())}"
    deletion = _DELETION.fullmatch(name)
    return " ".join(deletion.groups()).lower() if deletion else None


def _letter(acid: str) -> str:
    return _AMINO_ACIDS.get(acid.lower(), acid.upper().replace("X", "*"))
