"""TODO evaluate/metrics"""
