"""Custom operators for torch: each compiles, exports, batches under ``vmap`` and differentiates."""
