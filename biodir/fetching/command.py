"""The command `biodir fetch`, and the articles of `biodir predict --pmids`."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from tqdm import tqdm
from typer import Argument, BadParameter, Exit, Option

from biodir.errors_biodir import ErrorPolicy, ParseError, SettingError
from biodir.fetching.articles import Article, Fetcher
from biodir.fetching.identifiers import checked_identifiers, identifiers_in, identifiers_of_file
from biodir.fetching.outputs import (
    Counts,
    format_of,
    missing_file,
    write_articles,
    write_missing,
)
from biodir.fetching.service import PUBTATOR3
from biodir.files import STANDARD_OUTPUT, check_paths, input_name, open_input, text_lines
from biodir.formats.reading import NAMED_PARTS
from biodir.options import INCOMPLETE, ErrorsOption, check_exclusive, end_of, quiet_readers, reading_policy

Format = Literal["pubtator", "json", "jsonl"]
SERVICE_VARIABLE, CACHE_VARIABLE = "BIODIR_SERVICE", "BIODIR_CACHE"
PMIDS_HELP = "PMIDs, or ids of PubMed Central such as PMC10072964, of which the full text is fetched"
OUTPUT_HELP = "file to write: .pubtator, .json (BioC JSON) or .jsonl, also with .gz; - is standard output"
QUERIES_HELP = "searches of PubTator 3, one a line: words, @GENE_BRCA1, relations:ANY|@CHEMICAL_Doxorubicin|DISEASE"


def fetch(
    output: Annotated[Path, Option("-o", "--output", metavar="OUT", help=OUTPUT_HELP)],
    pmids: Annotated[list[str] | None, Argument(metavar="PMID", help=PMIDS_HELP)] = None,
    pmids_file: Annotated[
        Path | None, Option(metavar="FILE", help="PMIDs, one or several a line; - is standard input")
    ] = None,
    query_file: Annotated[Path | None, Option(metavar="FILE", help=QUERIES_HELP)] = None,
    limit: Annotated[int, Option(min=1, help="at most this many articles of each search, the best first")] = 1000,
    full: Annotated[bool, Option("--full", help="full texts of articles that have one; else the abstract")] = False,
    output_format: Annotated[Format | None, Option("--format", help="format of the output, if not by suffix")] = None,
    errors: ErrorsOption = "raise",
    service: Annotated[str, Option(envvar=SERVICE_VARIABLE, help="address of the service")] = PUBTATOR3,
    cache: Annotated[
        Path | None,
        Option(metavar="DIR", envvar=CACHE_VARIABLE, help="where articles are kept; by default in the user's cache"),
    ] = None,
) -> None:
    """Fetch annotated articles from PubTator 3.

    Each article is kept, so that a stopped run resumes where it was. Missing articles are listed in OUT.missing.txt.
    The service asks for at most three requests a second; a request is for 100 abstracts or 20 full texts.

        biodir fetch 37026113 22429397 -o two.pubtator
        biodir fetch --pmids-file pmids.txt -o articles.jsonl.gz
        biodir fetch --query-file queries.txt --limit 200 -o found.json
        biodir fetch PMC10072964 --full -o full.json
    """
    check_exclusive(PMID=pmids, pmids_file=pmids_file, query_file=query_file)
    if not (pmids or pmids_file or query_file):
        raise BadParameter("name PMIDs, or give --pmids-file or --query-file")
    is_stream = str(output) == STANDARD_OUTPUT
    outputs = [] if is_stream else [output, missing_file(output)]
    check_paths([each for each in (pmids_file, query_file) if each], outputs)
    written_format: str = output_format or format_of(output)
    quiet_readers()
    policy = reading_policy(errors, "characters")
    fetcher = Fetcher.of(service, cache, full, _report, policy.note)
    if query_file:
        identifiers = _found(fetcher, query_file, limit)
    else:
        placed = identifiers_of_file(pmids_file) if pmids_file else identifiers_in(pmids or [], "PMID")
        identifiers = checked_identifiers(placed)
    counts = write_articles(_with_bar(fetcher, identifiers), output, written_format, policy)
    if not is_stream:
        write_missing(output, counts.missing)
    _report_missing(counts, None if is_stream else missing_file(output))
    end_of(policy, counts.summary())
    if counts.missing:
        raise Exit(INCOMPLETE)


def with_articles(files: list[Path], pmids: str | None, policy: ErrorPolicy) -> tuple[list[Path], list[ParseError]]:
    """Return the files of `biodir predict` and after them those of its articles, and an error for each missing article.

    Args:
        files: of the command.
        pmids: identifiers of the articles to fetch, with commas between them; None for none.
        policy: whether a missing article is an error; else it is returned as a document that the run leaves out.

    Raises:
        SettingError: an identifier is none.
        ParseError: an article is missing, and the policy raises errors.
        ServiceError: the service gives no answer.
        BadParameter: there are neither files nor identifiers.
    """
    if pmids is None:
        if not files:
            raise BadParameter("name files of documents, or give --pmids")
        return files, []
    identifiers = checked_identifiers(identifiers_in([pmids], "--pmids"))
    folder = os.environ.get(CACHE_VARIABLE)
    url = os.environ.get(SERVICE_VARIABLE) or PUBTATOR3
    fetcher = Fetcher.of(url, Path(folder) if folder else None, report=_report, note=policy.note)
    paths = list(files)
    missing: list[ParseError] = []
    for article in _with_bar(fetcher, identifiers):
        if article.content is not None:
            paths.append(fetcher.cache.path(article.identifier))
            continue
        missing.append(ParseError(f"article {article.identifier}: {article.reason}", article.reason))
        if policy.errors == "raise":
            raise missing[0]
    return paths, missing


def _found(fetcher: Fetcher, query_file: Path, limit: int) -> list[str]:
    """Return the PMIDs that the searches of a file find, each once."""
    found: dict[str, None] = {}
    with open_input(query_file) as file:
        queries = [(number, line.removeprefix("\ufeff").strip()) for number, line in enumerate(text_lines(file), 1)]
    queries = [(number, query) for number, query in queries if query and not query.startswith("#")]
    if not queries:
        raise SettingError(f"{input_name(query_file)}: holds no search; write one a line")
    for number, query in queries:
        before = len(found)
        shows_bar = sys.stderr.isatty()
        for pmid in tqdm(fetcher.found(query, limit), unit=" articles found", disable=not shows_bar):
            found[pmid] = None
        _report(f"{input_name(query_file)}:{number}: {query!r} finds {len(found) - before:,} more articles")
    return list(found)


def _with_bar(fetcher: Fetcher, identifiers: list[str]) -> Iterator[Article]:
    shows_bar = sys.stderr.isatty()
    yield from tqdm(
        fetcher.articles(identifiers), total=len(identifiers), unit=" articles", disable=not shows_bar, smoothing=0.05
    )


def _report(line: str) -> None:
    tqdm.write(f"biodir: {line}", file=sys.stderr)


def _report_missing(counts: Counts, path: Path | None) -> None:
    if not counts.missing:
        return
    by_reason: dict[str, list[str]] = {}
    for identifier, reason in counts.missing.items():
        by_reason.setdefault(reason, []).append(identifier)
    for reason, identifiers in by_reason.items():
        more = len(identifiers) - NAMED_PARTS
        rest = f" and {more} more" if more > 0 else ""
        _report(f"{reason}: {', '.join(identifiers[:NAMED_PARTS])}{rest}")
    if path:
        _report(f"the missing articles are listed in {path}")
