"""TODO media/sound"""
