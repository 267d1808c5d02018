"""Training scripts: data set -> weights, description, vectors and goldens (needs the extra ``train``)."""
