"""What it adds up to. It knows everything below."""
