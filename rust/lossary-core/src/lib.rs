//! Exact evaluation metrics on slices.
