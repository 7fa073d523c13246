//! Instants in the three forms of the wire. Knows nothing of shapes.
