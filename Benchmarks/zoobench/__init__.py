"""zoo and its peers side by side: the same weights, pictures and threads, in turn."""
