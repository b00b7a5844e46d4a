"""The thin-plate model: landmarks move the photo through a radial spline, without any weights."""
