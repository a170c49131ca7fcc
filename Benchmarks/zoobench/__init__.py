"""Compares zoo with its peers: the same weights, pictures and threads, in alternation."""
