"""TODO evaluate/clips"""
