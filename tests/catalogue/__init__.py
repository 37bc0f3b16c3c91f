"""The catalogue: reader, lint, loader and the flows that ship."""
