"""Safe access to badge providers: adapters, time-outs, rate limits, circuit breaker, retries."""
