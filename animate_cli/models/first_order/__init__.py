"""TODO models/first_order"""
