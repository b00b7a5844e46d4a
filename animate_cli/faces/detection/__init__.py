"""TODO faces/detection"""
