"""The library for other programs: the page's API, an MCP server, OpenAI-compatible chat."""
