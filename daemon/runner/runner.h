/*
 * runner - the far side of an agent of type command: one call, from a connection that systemd accepted for it.
 *
 * It runs as the agent's user, within the agent's limits, and whatever it starts may turn against it: what is at stake
 * there is that run alone. When the connection ends, so does the program, at once: nobody waits for it any more.
 * The calls: daemon/model/agent_call.h.
 */
#pragma once

/* Serves the connection `fd`, which becomes ours. Returns the exit code: 0, it was answered or hung up; 1. */
int runner_serve(int fd);
