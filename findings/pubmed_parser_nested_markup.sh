#!/usr/bin/env bash
# pubmed_parser 0.5.1 drops the text of markup inside markup: a mouse without a gene becomes one with it.
#
# Titles and abstracts of PubMed's XML may have i, b, u, sup and sub, and by PubMed's DTD each of these may hold the
# others. pubmed_parser takes the text of the first level and what follows it; what is one level deeper, and the rest of
# the markup around it, is left out without a warning. Genotypes, ions and channels are written so. A relation that is
# read from the text that is left says the opposite, and all later offsets are those of another text.
#
# biodir does not use pubmed_parser. Exit status 0 as long as pubmed_parser behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "pubmed_parser==0.5.1"
cat > "$folder/articles.xml" <<'XML'
<PubmedArticleSet><PubmedArticle>
  <MedlineCitation Status="MEDLINE" Owner="NLM">
    <PMID Version="1">7001</PMID>
    <Article PubModel="Print">
      <Journal>
        <JournalIssue CitedMedium="Print"><PubDate><Year>2020</Year></PubDate></JournalIssue>
        <Title>Journal</Title>
      </Journal>
      <ArticleTitle>Ferrolin opens <i>K<sub>ab</sub>7</i> channels.</ArticleTitle>
      <Pagination><MedlinePgn>1</MedlinePgn></Pagination>
      <Abstract>
        <AbstractText>It cured <i>Abcx1<sup>-/-</sup></i> mice, but no <i>Abcx2</i><sup>-/-</sup> mice.</AbstractText>
      </Abstract>
      <AuthorList><Author><LastName>Doe</LastName></Author></AuthorList>
      <Language>eng</Language>
      <PublicationTypeList><PublicationType UI="D016428">Journal Article</PublicationType></PublicationTypeList>
    </Article>
    <MedlineJournalInfo><MedlineTA>J</MedlineTA></MedlineJournalInfo>
  </MedlineCitation>
  <PubmedData>
    <PublicationStatus>ppublish</PublicationStatus>
    <ArticleIdList><ArticleId IdType="pubmed">7001</ArticleId></ArticleIdList>
  </PubmedData>
</PubmedArticle></PubmedArticleSet>
XML
gzip "$folder/articles.xml"
cat > "$folder/read.py" <<'PYTHON'
import sys

from pubmed_parser import parse_medline_xml

(article,) = parse_medline_xml(sys.argv[1])
print(article["title"], article["abstract"], sep="\n")
PYTHON
found=$("$folder/venv/bin/python" "$folder/read.py" "$folder/articles.xml.gz")
expected="Ferrolin opens K channels.
It cured Abcx1 mice, but no Abcx2-/- mice."
echo "$found"
[ "$found" = "$expected" ] || { echo "pubmed_parser now reads such markup in another way" >&2; exit 1; }
