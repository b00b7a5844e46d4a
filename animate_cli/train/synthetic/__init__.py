"""TODO train/synthetic"""
