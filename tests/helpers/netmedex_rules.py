"""How NetMedEx reads PubTator files, written down from its published rules for tests.

A line with two bars of which the second field is "t" opens an article; the first line after it with "a" there is the
abstract. Of the other lines only those with exactly six columns are mentions, with whole numbers in the second and
third, and those with exactly four are relations, whose second identifier ends at a semicolon. Nothing else is read.
"""

from dataclasses import dataclass, field


@dataclass
class Article:
    """What NetMedEx keeps of an article, and the lines that it leaves out."""

    pmid: str
    title: str
    abstract: str | None = None
    annotations: list[tuple[int, int, str, str, str]] = field(default_factory=list)
    relations: list[tuple[str, str, str]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def netmedex_articles(text: str) -> list[Article]:
    """Return the articles in a text."""
    articles: list[Article] = []
    for line in text.splitlines():
        bars, columns = line.split("|", 2), line.split("\t")
        if len(bars) == 3 and bars[1] == "t":
            articles.append(Article(bars[0], bars[2]))
        elif len(bars) == 3 and bars[1] == "a" and articles[-1].abstract is None:
            articles[-1].abstract = bars[2]
        elif len(columns) == 6:
            start, end, *values = columns[1:]
            name, kind, identifier = (value.strip() for value in values)
            articles[-1].annotations.append((int(start), int(end), name, kind, identifier))
        elif len(columns) == 4:
            kind, first, second = (value.strip() for value in columns[1:])
            articles[-1].relations.append((kind, first, second.split(";")[0]))
        elif line:
            articles[-1].left_out.append(line)
    return articles
