"""TODO faces/landmarks"""
