"""Relations by large language models: what `biodir llm predict` does.

`command` reads the options, `extraction` is a pipeline whose model is a server, `prompts` writes its questions and
`examples` chooses examples for them, `server` asks them, and `answers` checks what comes.
"""
