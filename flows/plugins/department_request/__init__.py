"""Department requests: cases that one person raises and departments pass between them (B1 to B34)."""
