"""TODO faces/shape3d"""
