"""Heads rendered from the ICT Face Model, with exact landmarks."""
