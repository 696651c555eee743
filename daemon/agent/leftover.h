/*
 * leftover - agents that outlived their daemon. Blocks the caller; loop thread, before any run.
 */
#pragma once

/*
 * Kills every process of this user whose environment has an entry that begins with `marker`, its process group with
 * it, and waits until they are dead, LIMIT_LEFTOVER_MS at most. Spares the caller and its ancestors. Says how many
 * there were. A process that left both the group and the environment of its agent cannot be told from any other.
 */
void leftover_kill(const char *marker);
