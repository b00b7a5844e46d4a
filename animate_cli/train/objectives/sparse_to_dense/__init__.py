"""TODO train/objectives/sparse_to_dense"""
