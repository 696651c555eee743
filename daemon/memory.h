/*
 * memory - what becomes of us when there is none, and who may look into it.
 *
 * Our own allocations are checked, and refuse what they were for. jansson 2.14 cannot be relied on for that: its
 * parser ignores that the buffer of a string did not grow, and then reads beyond it. So when jansson gets none, the
 * daemon ends, with a sentence; nothing that was acknowledged is lost, since that is on disk before.
 *
 * It holds secrets, from the environment on, so no core of it is dumped, whatever the limits and wherever cores go, and
 * no other process of our user may look into it (ptrace(2), /proc/PID/mem, /proc/PID/environ). In return most of
 * /proc/PID belongs to root; our own /proc/self/fd can be read all the same.
 */
#pragma once

/* First of all: before there are other threads, anything of jansson, or a secret that was read. */
void memory_init(void);
