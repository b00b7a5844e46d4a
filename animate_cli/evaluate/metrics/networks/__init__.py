"""TODO evaluate/metrics/networks"""
