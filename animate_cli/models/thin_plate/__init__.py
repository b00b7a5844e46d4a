"""TODO models/thin_plate"""
