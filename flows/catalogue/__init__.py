"""What flows exist: the strict reader, the typed models of the language, lint, the loader and the registry."""
