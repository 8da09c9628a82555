"""The Machine Interpretability Score of units, by the similarity of images that an encoder gives."""
