"""TODO faces/tracking"""
