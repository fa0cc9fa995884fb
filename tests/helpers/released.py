"""The released code's input and model, written plainly: words as strings, rows of 512 places, no row left out.

An independent witness: nothing of biodir is used, and nothing is fast.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import BertConfig, BertModel

PLACES = 512
TYPE_PAIRS = (
    *(("ChemicalEntity", other) for other in ("ChemicalEntity", "DiseaseOrPhenotypicFeature", "GeneOrGeneProduct")),
    ("ChemicalEntity", "SequenceVariant"),
    *(("DiseaseOrPhenotypicFeature", other) for other in ("GeneOrGeneProduct", "SequenceVariant")),
    *(("GeneOrGeneProduct", "GeneOrGeneProduct"), ("SequenceVariant", "SequenceVariant")),
)
TAGS = [
    f"@{before}{kind}{role}{after}$"
    for kind in ("ChemicalEntity", "DiseaseOrPhenotypicFeature", "GeneOrGeneProduct")
    for role in ("Src", "Tgt")
    for before, after in (("", ""), ("", "/"), ("/", ""))
]
LABELS = {
    "relation": "None Association Bind Comparison Conversion Cotreatment Drug_Interaction Negative_Correlation "
    "Positive_Correlation",
    "novelty": "None Novel No",
    "direction": "None Left_to_Right Right_to_Left No_Direct",
}
WORDS = "what are the labels of and between is label aspirin pain gene binds ##s causes filler in a".split()


def save_released(
    folder: Path,
    seed: int = 1,
    labels: dict[str, str] | None = None,
    tags: Sequence[str] = TAGS,
    single_chunk: bool = False,
    prompt_tokens: int = 8,
    **sizes: Any,
) -> Path:
    """Save random weights in the released layout, so wide that a changed input shows; return the folder.

    Args:
        sizes: of the encoder, in place of 2 layers of 32.
    """
    folder.mkdir(parents=True)
    characters = "abcdefghijklmnopqrstuvwxyz0123456789@$/[]_.,?-()"
    brackets = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces = [*characters, *(f"##{character}" for character in characters)]
    vocabulary = list(dict.fromkeys([*brackets, *pieces, *WORDS]))
    added = sorted([*tags, "[REL]", "[DIR]", "[NOV]", "[Litcoin]"])
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    numbers = {token: len(vocabulary) + place for place, token in enumerate(added)}
    (folder / "added_tokens.json").write_text(json.dumps(numbers))
    tokenizer = {"do_lower_case": True, "tokenizer_class": "BertTokenizer", "additional_special_tokens": added}
    special = {number: token for token, number in numbers.items()} | dict(enumerate(brackets))
    tokenizer["added_tokens_decoder"] = {
        str(number): {"content": token, "special": True, "normalized": False} for number, token in special.items()
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    values = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 48, **sizes}
    config = BertConfig(vocab_size=len(vocabulary) + len(added), **values)
    config.save_pretrained(folder)
    generator = torch.Generator().manual_seed(seed)
    lists = {task: names.split() for task, names in (labels or LABELS).items()}
    hidden = config.hidden_size
    state = {f"bert_model.{name}": value for name, value in BertModel(config).state_dict().items()}
    state["soft_prompt.weight"] = torch.zeros(20, prompt_tokens * hidden)
    for task, names in lists.items():
        state[f"{task[:3]}_token_poolor.dense.weight"] = torch.zeros(hidden, hidden)
        state[f"{task[:3]}_token_poolor.dense.bias"] = torch.zeros(hidden)
        state[f"{task[:3]}_token_classifier.weight"] = torch.zeros(len(names), hidden)
        state[f"{task[:3]}_token_classifier.bias"] = torch.zeros(len(names))
    for name, value in state.items():
        noise = torch.randn(value.shape, generator=generator)
        state[name] = 0.25 * noise + (1 if name.endswith("LayerNorm.weight") else 0)
    state |= {f"{task[:3]}_thresholds": torch.full((len(names),), 0.5) for task, names in lists.items()}
    saved = {"state_dict": state, "label_to_id": None, "soft_prompt_len": prompt_tokens, "num_soft_prompt": 20}
    saved |= {f"{task}_label_to_id": {name: at for at, name in enumerate(names)} for task, names in lists.items()}
    saved |= {"hidden_size": hidden, "use_single_chunk": single_chunk}
    torch.save(saved, folder / "out_bioredirect_model.pth")
    return folder


class PlainTokenizer:
    """BertTokenizer of a folder: special tokens first, then words, then the longest pieces from the left."""

    def __init__(self, folder: Path) -> None:
        lines = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
        added = json.loads((folder / "added_tokens.json").read_text())
        self.number_of = {token: number for number, token in enumerate(lines)} | added
        special = sorted([*added, "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], key=len, reverse=True)
        self._special = re.compile(f"({'|'.join(map(re.escape, special))})")

    def numbers(self, tokens: Sequence[str]) -> list[int]:
        return [self.number_of.get(token, self.number_of["[UNK]"]) for token in tokens]

    def tokens(self, text: str) -> list[str]:
        found: list[str] = []
        for part in self._special.split(text):
            found += (
                [part] if self._special.fullmatch(part) else [p for word in _words(part) for p in self._pieces(word)]
            )
        return found

    def _pieces(self, word: str) -> list[str]:
        found: list[str] = []
        start = 0
        while start < len(word):
            head = "##" if start else ""
            ends = [end for end in range(len(word), start, -1) if head + word[start:end] in self.number_of]
            if not ends or len(word) > 100:
                return ["[UNK]"]
            found.append(head + word[start : ends[0]])
            start = ends[0]
        return found


def _words(text: str) -> Iterator[str]:
    """Yield lower-cased words without accents, and each punctuation mark."""
    kept = "".join(
        " " if unicodedata.category(each) == "Zs" or each in "\t\n\r" else each
        for each in text
        if each in "\t\n\r" or unicodedata.category(each)[0] != "C"
    )
    for word in kept.split():
        plain = "".join(c for c in unicodedata.normalize("NFD", word.lower()) if unicodedata.category(c) != "Mn")
        yield from "".join(map(_with_spaces, plain)).split()


def _with_spaces(character: str) -> str:
    is_ascii_mark = character.isascii() and not character.isalnum()
    is_ideograph = "\u4e00" <= character <= "\u9fff"
    is_mark = is_ascii_mark or is_ideograph or unicodedata.category(character).startswith("P")
    return f" {character} " if is_mark else character


@dataclass
class PlainPair:
    """The words of a pair, with `[CLS]` and the question first, then `[SEP]` before each sentence.

    Args:
        ids: of the source and the target.
        types: of both, in alphabetical order.
    """

    ids: tuple[str, str]
    types: tuple[str, str]
    words: list[str]


QUESTION = "[CLS] What are the labels of [REL] , [DIR] , and [NOV] between {} and {} ?"
TAG_OF = {"SequenceVariant": "GeneOrGeneProduct"}


def plain_pairs(
    document: dict[str, Any],
    tokenizer: PlainTokenizer,
    question: str = QUESTION,
    tag_of: dict[str, str] = TAG_OF,
    type_pairs: Sequence[tuple[str, str]] = TYPE_PAIRS,
) -> list[PlainPair]:
    """Return the pairs of a document with "text", "entities" and "sentences"."""
    text, sentences = document["text"], []
    for start, end in document["sentences"]:
        inside = [mention for mention in document["entities"] if start <= mention["start"] and mention["end"] <= end]
        tokens = tokenizer.tokens(text[start:end])
        places = [_place(text[start:end], tokens, mention, start) for mention in inside]
        sentences.append((tokens, list(zip(inside, places, strict=True))))
    entities = sorted({(name, each["type"]) for each in document["entities"] for name in each["id"]})
    found = []
    for id1, type1 in entities:
        for id2, type2 in entities:
            if (type1, type2) in type_pairs and (type1 < type2 or (type1 == type2 and id1 < id2)):
                found.append(_pair(sentences, (id1, type1), (id2, type2), tokenizer, question, tag_of))
    return found


def _place(text: str, tokens: Sequence[str], mention: dict[str, Any], offset: int) -> tuple[int, int]:
    """Return the first and last token of a mention, by counting characters that are no spaces."""
    before = len(text[: mention["start"] - offset].replace(" ", ""))
    after = before + len(text[mention["start"] - offset : mention["end"] - offset].replace(" ", ""))
    count, first = 0, None
    for number, token in enumerate(tokens):
        size = len(token) - (2 if token.startswith("##") else 0)
        if first is None and count <= before < count + size:
            first = number
        if first is not None and count <= after <= count + size:
            return first, number
        count += size
    raise AssertionError(f"the released code stops at {mention}")


def _pair(sentences: Any, one: Any, two: Any, tokenizer: PlainTokenizer, question: str, tag_of: Any) -> PlainPair:
    (id1, type1), (id2, type2) = one, two
    mentions = [mention for _, inside in sentences for mention, _ in inside]
    roles = "Src", "Tgt"
    if type1 == type2 and next(each for each in mentions if {id1, id2} & {*each["id"]})["id"].count(id1) == 0:
        roles = "Tgt", "Src"

    def tag(mention: dict[str, Any]) -> str | None:
        role = roles[0] if id1 in mention["id"] else roles[1] if id2 in mention["id"] else None
        return role and tag_of.get(mention["type"], mention["type"]) + role

    named = {"Src": "@$  @/$", "Tgt": "@$  @/$"}
    for mention in reversed(mentions):
        name = tag(mention)
        if name:
            named[name[-3:]] = f"@{name}$ {mention['text']} @{name}/$"
    words = tokenizer.tokens(question.format(named["Src"], named["Tgt"]))
    for tokens, inside in sentences:
        tagged = list(tokens)
        for mention, (first, last) in inside:
            name = tag(mention)
            if name:
                tagged[first] = f"@{name}$ {tagged[first]}"
                tagged[last] = f"{tagged[last]} @{name}/$"
        words += ["[SEP]", *" ".join(tagged).split(" ")]
    ids = (id1, id2) if roles[0] == "Src" else (id2, id1)
    return PlainPair(ids, (type1, type2), words)


def plain_chunks(words: list[str], prompt_tokens: int, one_chunk: bool = False) -> tuple[list[str], list[list[str]]]:
    """Return the question with `[CLS]`, and prefix, suffix and infix."""
    head, text = words[: words.index("[SEP]")], words[1:]
    room = PLACES - (prompt_tokens + len(head) + 1)
    prefix, suffix = text[:room], text[-room:]
    sentences: list[list[str]] = [[]]
    for number, word in enumerate(text):
        if word == "[SEP]" and number:
            sentences.append([])
        sentences[-1].append(word)
    has = [{role for word in each for role in ("Src", "Tgt") if re.match(f"@.*{role}\\$$", word)} for each in sentences]
    infixes: list[list[str]] = []
    for sentence, roles in zip(sentences, has, strict=True):
        if len(roles) == 2 and len(sentence) < room:
            if infixes and len(infixes[-1]) + len(sentence) < room:
                infixes[-1] = infixes[-1] + sentence
            else:
                infixes.append(sentence)
    infix = infixes[0] if infixes else suffix
    if one_chunk:
        return head, [infix if len(text) >= room else prefix]
    return head, [prefix, suffix, infix]


class PlainModel:
    """The released model: every chunk of a pair in 512 places, in float32."""

    def __init__(self, folder: Path) -> None:
        self.saved = torch.load(folder / "out_bioredirect_model.pth", weights_only=True)
        self.state = self.saved["state_dict"]
        self.bert = BertModel(BertConfig.from_pretrained(folder)).eval()
        self.bert.load_state_dict(
            {name[11:]: self.state[name] for name in self.state if name.startswith("bert_model.")}
        )
        self.tokenizer = PlainTokenizer(folder)

    @torch.no_grad()
    def scores(self, pair: PlainPair, one_chunk: bool = False) -> list[float]:
        """Return the scores of all labels, those of the relation first, then novelty and direction."""
        size = self.saved["soft_prompt_len"]
        ids, mask = self.inputs(pair, one_chunk)
        row = TYPE_PAIRS.index(pair.types) if pair.types in TYPE_PAIRS else len(TYPE_PAIRS)
        prompt = self.state["soft_prompt.weight"][row].view(1, size, -1).expand(len(ids), -1, -1)
        single = self.saved["use_single_chunk"]
        embed = self.bert.embeddings if single else self.bert.embeddings.word_embeddings
        states = self.bert(inputs_embeds=torch.cat([embed(ids), prompt], dim=1), attention_mask=mask)[0]
        head, _ = plain_chunks(pair.words, size)
        found: list[float] = []
        for task, word in (("rel", "[REL]"), ("nov", "[NOV]"), ("dir", "[DIR]")):
            place = max((at for at, each in enumerate(head) if each == word), default=0)
            pooled = torch.tanh(self._linear(states[:, place], f"{task}_token_poolor.dense"))  # (chunks, hidden)
            joined = pooled.amax(dim=0) if single else (torch.softmax(pooled @ pooled.T, dim=-1) @ pooled)[0]
            found += torch.sigmoid(self._linear(joined, f"{task}_token_classifier")).tolist()
        return found

    def inputs(self, pair: PlainPair, one_chunk: bool = False) -> tuple[Tensor, Tensor]:
        """Return token numbers (chunks, 512 less the prompt) and the mask (chunks, 512)."""
        size = self.saved["soft_prompt_len"]
        head, chunks = plain_chunks(pair.words, size, one_chunk)
        ids, mask = torch.zeros(len(chunks), PLACES - size, dtype=torch.long), torch.zeros(len(chunks), PLACES)
        for number, chunk in enumerate(chunks):
            words = [*head, "[SEP]", *chunk]
            ids[number, : len(words)] = torch.tensor(self.tokenizer.numbers(words))
            mask[number, : len(words) + size] = 1
        return ids, mask

    def _linear(self, states: Tensor, name: str) -> Tensor:
        return torch.nn.functional.linear(states, self.state[f"{name}.weight"], self.state[f"{name}.bias"])
