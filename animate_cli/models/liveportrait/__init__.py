"""TODO models/liveportrait"""
