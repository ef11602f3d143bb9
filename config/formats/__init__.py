"""How dates are written: the same way everywhere, in the order that sorts."""
