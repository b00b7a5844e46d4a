"""TODO media/video"""
