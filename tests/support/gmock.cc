// Holds the precompiled header: an object library has a source.
