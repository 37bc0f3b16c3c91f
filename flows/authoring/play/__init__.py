"""Flows played with nobody outside: the real engine on a throw-away database, with the clock in the hand.

`sandbox` is the stage, `cast` who stands on it, `deeds` what they can do, `passing` how time goes by, `diary` what is
read off afterwards. `simulate`, `scenario` and `fuzz` are the three plays.
"""
