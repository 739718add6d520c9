"""Proofs: signed records of runs, each bound to the tree, the policy and the records before it."""
