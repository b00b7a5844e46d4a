"""TODO prepare"""
