"""TODO faces/retargeting"""
