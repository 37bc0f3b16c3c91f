"""The verbs: every change that anybody can make, each inside a unit of work, with its rules asked of `flows.rules`."""
