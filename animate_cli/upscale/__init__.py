"""Brings the rendered face to the photo's full resolution: the residual warp (Yi et al. 2020)."""
