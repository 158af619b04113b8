"""What local counterparts of providers and LMSs share: faults on request, and a server."""
