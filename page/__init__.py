"""The page: what an Assistant does and what it knows, shown to people and to programs."""
