//! cotan.
