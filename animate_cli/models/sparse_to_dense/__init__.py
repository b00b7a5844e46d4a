"""TODO models/sparse_to_dense"""
