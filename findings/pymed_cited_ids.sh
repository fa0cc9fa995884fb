#!/usr/bin/env bash
# pymed 0.8.9 gives as the PubMed id of an article also those of all articles that it cites, one per line.
#
# In PubMed's XML the ids of an article are in the ArticleIdList of PubmedData. Each Reference may have an ArticleIdList
# of its own, by PubMed's DTD. pymed looks for ids of type pubmed at any depth and joins what it finds with
# line breaks. So relations are stored under an id that no document has, or, where the lines are split, under those of
# cited articles, which do not state them; how many there are depends on whether PubMed has the list of references.
#
# biodir does not use pymed. Exit status 0 as long as pymed behaves so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet "pymed==0.8.9"
cat > "$folder/article.xml" <<'XML'
<PubmedArticle>
  <MedlineCitation Status="MEDLINE" Owner="NLM">
    <PMID Version="1">7001</PMID>
    <Article PubModel="Print">
      <Journal>
        <JournalIssue CitedMedium="Print"><PubDate><Year>2020</Year></PubDate></JournalIssue>
        <Title>Journal</Title>
      </Journal>
      <ArticleTitle>Ferrolin binds ABCX1.</ArticleTitle>
      <Pagination><MedlinePgn>1</MedlinePgn></Pagination>
      <Language>eng</Language>
      <PublicationTypeList><PublicationType UI="D016428">Journal Article</PublicationType></PublicationTypeList>
    </Article>
    <MedlineJournalInfo><MedlineTA>J</MedlineTA></MedlineJournalInfo>
  </MedlineCitation>
  <PubmedData>
    <PublicationStatus>ppublish</PublicationStatus>
    <ArticleIdList><ArticleId IdType="pubmed">7001</ArticleId></ArticleIdList>
    <ReferenceList>
      <Reference>
        <Citation>ABCX1 in mice.</Citation>
        <ArticleIdList><ArticleId IdType="pubmed">6001</ArticleId></ArticleIdList>
      </Reference>
      <Reference>
        <Citation>Ferrolin in mice.</Citation>
        <ArticleIdList><ArticleId IdType="pubmed">6002</ArticleId></ArticleIdList>
      </Reference>
    </ReferenceList>
  </PubmedData>
</PubmedArticle>
XML
cat > "$folder/read.py" <<'PYTHON'
import sys
from xml.etree import ElementTree

from pymed.article import PubMedArticle

print(repr(PubMedArticle(xml_element=ElementTree.parse(sys.argv[1]).getroot()).pubmed_id))
PYTHON
# Where an article has no history, pymed prints a line of its own before.
found=$("$folder/venv/bin/python" "$folder/read.py" "$folder/article.xml" | tail -n 1)
expected="'7001\n6001\n6002'"
echo "$found"
[ "$found" = "$expected" ] || { echo "pymed now reads these ids in another way" >&2; exit 1; }
