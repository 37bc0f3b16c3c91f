"""Payment providers: checkouts opened, looked at and closed, money given back, and what providers tell by webhook."""
