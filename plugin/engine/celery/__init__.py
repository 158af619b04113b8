"""The engine on Celery workers."""
