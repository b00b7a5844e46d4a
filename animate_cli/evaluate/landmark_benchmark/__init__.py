"""TODO evaluate/landmark_benchmark"""
