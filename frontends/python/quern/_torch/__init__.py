"""PyTorch: the backend of torch.compile, and modules compiled ahead of time. Imported only where torch is."""
