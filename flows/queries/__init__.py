"""The read side: what lists, counters and timelines show, each in a constant number of statements."""
