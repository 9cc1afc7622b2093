"""Two kinds of chance in one gradient: which data were looked at, and the noise of z or w.

Bayesian logistic regression on real data, its variational bound climbed by doubly stochastic
gradients, with what it can be held against: the exact bound, the best bell, Laplace's.

Source: Titsias & Lázaro-Gredilla 2014, "Doubly Stochastic Variational Bayes for non-Conjugate
Inference".
"""
