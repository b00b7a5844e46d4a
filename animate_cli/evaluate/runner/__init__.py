"""TODO evaluate/runner"""
