"""An instance as it was, why it is as it is, and a life written down as a story."""
