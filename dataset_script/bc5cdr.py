"""BC5CDR as PubTator: chemicals that induce diseases.

CID becomes Positive_Correlation with the chemical as subject, as BioREDirect annotates it: 101 documents of BC5CDR are
also in its train and dev splits. Of the 163 CID pairs that it relates there, 158 are Positive_Correlation with the
chemical as subject, 4 Association and 1 Negative_Correlation.
"""

from biodir.document_pubtator_biodir import read_pubtator
from biodir.labels_biodir import CHEMICAL, DISEASE

from .corpus import HEAD, Corpus, RelationRule

BC5CDR = Corpus(
    name="bc5cdr",
    title="BC5CDR",
    read=read_pubtator,
    entity_types={"Chemical": CHEMICAL, "Disease": DISEASE},
    relation_rules={"CID": RelationRule("Positive_Correlation", HEAD)},
    merges_pairs=True,
    ids_are_pmids=True,
    licence="public domain (United States Government work)",
    address="https://doi.org/10.1093/database/baw068",
    note="Only induced diseases are annotated: a chemical that treats a disease counts as unrelated. Shares documents "
    "with BioRED, also with the splits that models are scored on. No novelty.",
)
