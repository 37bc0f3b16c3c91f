"""Later: queues, one thin function per job, the tick that finds what is due, and the supervisor behind `baton up`."""
