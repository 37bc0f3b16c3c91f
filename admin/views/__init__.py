"""The views of the back office, one noun a file."""
