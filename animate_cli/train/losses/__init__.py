"""Losses that several objectives use: GAN, perceptual, landmarks, part maps."""
