//! cotan-io.
