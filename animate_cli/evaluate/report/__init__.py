"""TODO evaluate/report"""
