"""The yearly gas safety check: a plugin for Baton. Its flow, mails, words and scenarios lie beside this file."""

requires_plugin_api = "1.0"
