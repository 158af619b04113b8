"""The chaos suite, ``python -m tests.chaos`` from the checkout: nothing lost, nothing twice, at the provider."""
