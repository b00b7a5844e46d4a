"""TODO faces/segmentation"""
