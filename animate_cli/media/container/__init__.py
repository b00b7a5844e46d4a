"""TODO media/container"""
