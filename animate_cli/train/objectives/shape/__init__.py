"""TODO train/objectives/shape"""
