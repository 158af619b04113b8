"""Rules at work: what a learner has completed, whether that is enough, and trying it out."""
