"""TODO evaluate/user_study"""
