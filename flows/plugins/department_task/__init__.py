"""Department task: work that starts inside the house and that departments pass between them (B6 to B34)."""
