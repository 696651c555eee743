/*
 * memory - what becomes of us when there is none.
 *
 * Our own allocations are checked, and refuse what they were for. jansson 2.14 cannot be relied on for that: its
 * parser ignores that the buffer of a string did not grow, and then reads beyond it. So when jansson gets none, the
 * daemon ends, with a sentence; nothing that was acknowledged is lost, since that is on disk before.
 */
#pragma once

/* Before there are other threads, and before anything of jansson. */
void memory_init(void);
