"""Which of many commits made a model worse: their firmware is built and run, one by one."""
