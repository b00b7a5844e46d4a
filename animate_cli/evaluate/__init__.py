"""Scores models on clips: metrics, protocols, the runner, reports, user studies."""
