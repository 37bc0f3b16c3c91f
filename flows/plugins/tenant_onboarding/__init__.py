"""Move-in: everything a landlord needs from a new tenant before handing over the keys (C1 to C54)."""
