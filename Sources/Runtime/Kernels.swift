// Whoever runs models speaks of threads, kernels and errors too: they need no second import.
@_exported import Kernels
