"""Who to contact and why they went quiet."""
