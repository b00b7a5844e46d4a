"""TODO train/losses"""
