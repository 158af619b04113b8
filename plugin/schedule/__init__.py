"""What is done from time to time for each connection: once, however many processes there are."""
