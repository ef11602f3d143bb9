"""What is kept about one person: a map of it, a copy for the person, and its erasure."""
