"""The plugins that ship, each a folder exactly like an external one."""
