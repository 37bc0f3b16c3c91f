"""The heart: flows, steps, timers, turns. It speaks no Flask, no Redis, no RQ, no SMTP and no HTTP."""
