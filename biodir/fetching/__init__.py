"""Annotated articles from the service PubTator 3: what `biodir fetch` and `biodir predict --pmids` do.

`identifiers` reads what is wanted, `answers` makes one request, `pace` keeps to the limit of requests, `service` knows
the addresses and repeats requests, `cache` keeps what came, `articles` gives the articles in order, and `outputs`
writes them.
"""
