"""One file on disk that holds a session."""
