"""Encoders: what stands for an image when images are compared. The registry knows no torch at import."""
