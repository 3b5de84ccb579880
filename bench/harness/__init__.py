"""What bench/run is made of: a module for each section, and what they share."""
