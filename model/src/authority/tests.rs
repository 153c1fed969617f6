//! Authority by itself.
