"""What a change holds, read from the base revision and the working tree."""
