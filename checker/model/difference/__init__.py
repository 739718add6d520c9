"""What a change of a contract means to the clients that hold on to it: two revisions compared, operation by operation."""
