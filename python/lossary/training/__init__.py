"""What a training loop uses beside a loss: miners, schedules and diagnostics, in PyTorch."""
