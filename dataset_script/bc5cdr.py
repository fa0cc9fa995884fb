"""BC5CDR as PubTator: chemicals that induce diseases.

CID becomes Positive_Correlation with the chemical as subject, as BioREDirect has it: 101 documents of BC5CDR train and
dev stand in its train and dev splits, too, and of the 163 CID pairs that it relates in them 158 are
Positive_Correlation with the chemical as subject, 4 Association and 1 Negative_Correlation.
"""

from biodir.document_pubtator_biodir import read_pubtator
from biodir.labels_biodir import CHEMICAL, DISEASE

from .corpus import HEAD, Corpus, RelationRule

BC5CDR = Corpus(
    name="bc5cdr",
    title="BC5CDR",
    read=read_pubtator,
    entity_types={"Chemical": CHEMICAL, "Disease": DISEASE},
    relation_rules={"CID": RelationRule("Positive_Correlation", HEAD, "the chemical induces the disease")},
    relation_labels=("None", "Positive_Correlation"),
    merges_pairs=True,
    ids_are_pmids=True,
    licence="public domain (United States Government work)",
    address="https://doi.org/10.1093/database/baw068",
    note="Induced diseases alone are annotated: a chemical that treats a disease stands there as unrelated. Shares "
    "documents with BioRED, also with the splits that models are scored on. No novelty.",
)
