"""What a Flask developer would write instead: Flask, Celery and Redis, one task per event, one request per badge.

It is spared the look-ups that ours makes: the learner's address and the badge template are known to it.
"""
