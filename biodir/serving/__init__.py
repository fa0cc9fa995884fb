"""The server `biodir serve` and the tools of `biodir mcp`."""
