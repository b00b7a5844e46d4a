"""TODO media/images"""
