"""TODO layers/inference"""
