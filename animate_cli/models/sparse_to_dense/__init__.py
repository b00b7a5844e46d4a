"""The default model (Zhao et al. 2021): landmarks -> dense motion -> warped and painted picture."""
