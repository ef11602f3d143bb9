"""What the pages of the console read: scoped rows in, plain values out."""
