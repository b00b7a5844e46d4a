"""TODO faces/drawing"""
