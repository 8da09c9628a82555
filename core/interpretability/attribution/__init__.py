"""How much each pixel counts for one class logit. `registry` names the methods, `attribute` computes them."""
