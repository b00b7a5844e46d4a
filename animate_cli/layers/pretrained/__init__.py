"""TODO layers/pretrained"""
