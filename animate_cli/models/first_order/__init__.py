"""The first-order motion model (Siarohin et al. 2019) with published weights of the user."""
