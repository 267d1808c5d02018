"""The architecture "rnnpool": one RNNPool block as a model. Convolution networks have it as a layer."""
