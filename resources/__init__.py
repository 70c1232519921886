"""Files that the program ships: icons, samples, help pages."""
