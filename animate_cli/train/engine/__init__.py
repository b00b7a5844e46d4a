"""TODO train/engine"""
