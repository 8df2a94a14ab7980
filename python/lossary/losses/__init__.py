"""The losses of the wheel, by family."""
