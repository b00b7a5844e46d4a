"""TODO evaluate/metrics/landmarks"""
