"""TODO train/objectives/landmarks"""
