"""The commands of `baton`, one file for each family; imported one at a time, so that each starts quickly."""
