"""The VAE: data, networks, likelihoods, priors, the bound and its gradient."""
