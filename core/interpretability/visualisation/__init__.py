"""Pictures that units respond to most, made by optimisation with Lucent's parts."""
