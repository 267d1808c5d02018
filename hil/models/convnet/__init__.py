"""The architecture "convnet": convolutions, RNNPool, pooling and a classifier, in float32 and fixed point."""
