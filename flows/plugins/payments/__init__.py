"""Payments: gives flows the verb that pays a payment back. It brings no flow of its own."""
