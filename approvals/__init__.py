"""Who decides. It knows attendance."""
