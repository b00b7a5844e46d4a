"""TODO train/samples"""
