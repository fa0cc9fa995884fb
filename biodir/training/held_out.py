"""What nothing learns from: documents that are kept for scores, under whatever id a corpus has them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from biodir.document_biodir import Document
from biodir.document_sentences_biodir import sentence_spans

# Shorter sentences are shared by articles that have nothing in common, such as "The mechanism is not known."
SHARED_CHARS = 60
_OTHER_CHARS = re.compile(r"[\W_]+")


@dataclass
class HeldOut:
    """Ids of documents or PMIDs of articles, and their sentences.

    Corpora of single sentences often have ids of their own and no PMID. So a document is held out, too, if it shares a
    sentence of `SHARED_CHARS` letters and digits with one that is; case, spaces and marks do not count.

    >>> held_out = HeldOut({"7"})
    >>> held_out.add(Document("8", "Phenobarbital should be put on the list of drugs that cause disorders of motion."))
    >>> held_out.has(Document("7", "Iron.")), held_out.has(Document("7a", "Iron."), pmid="7")
    (True, True)
    >>> text = "Phenobarbital should be put on the list of drugs that cause disorders of motion ."
    >>> held_out.has(Document("s1", text)), held_out.has(Document("s2", text[:40]))
    (True, False)
    """

    ids: set[str] = field(default_factory=set)
    sentences: set[str] = field(default_factory=set)

    def add(self, document: Document, pmid: str | None = None) -> None:
        """Hold out a document, and all others of its article."""
        self.ids.update(name for name in (document.id, pmid) if name)
        self.sentences.update(_sentences(document))

    def has(self, document: Document, pmid: str | None = None) -> bool:
        """Return whether a document, or one of its article or with one of its sentences, is held out."""
        if document.id in self.ids or pmid in self.ids:
            return True
        return not self.sentences.isdisjoint(_sentences(document))


def _sentences(document: Document) -> Iterator[str]:
    for start, end in sentence_spans(document):
        letters = _OTHER_CHARS.sub("", document.text[start:end]).casefold()
        if len(letters) >= SHARED_CHARS:
            yield letters
