"""Names of genes, diseases, chemicals, organisms and cell lines, with the identifiers that BioRED gives them.

A lexicon is an SQLite file that `biodir lexicon build` makes from the files of the vocabularies.

- `biodir.lexicon.lexicon`: `Lexicon`, which finds names and links mentions.
- `biodir.lexicon.building`: makes the file. `biodir.lexicon.sources` recognises what it is made from.
- `biodir.lexicon.linking`: which identifier a mention gets.
"""
