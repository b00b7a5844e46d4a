"""TODO evaluate/metrics/images"""
