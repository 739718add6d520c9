"""Scripts that run in another interpreter, shipped as data: they import nothing of the checker but their own neighbours."""
