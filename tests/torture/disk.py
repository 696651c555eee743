"""A file system of its own on a loop device, whose power can be cut: what was not synced is gone, what is written later
fails.

The page cache is lost, as without power; what a disk's own cache would lose or reorder is not shown. Nobody
may be in a system call when it is cut: Linux sometimes reports success for a sync that the cut overtakes (seen with
6.18: 3 of 60 loops of appending and syncing), and a machine without power could not have told anybody."""
import fcntl
import os
import pathlib
import signal
import struct
import subprocess
import time

from report import Skip

SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
NO_LOG_FLUSH = 2
SIZE = 128 << 20
# So that nothing reaches the disk by itself meanwhile: only what was synced counts.
OPTIONS = "loop,commit=600"
BUSY_S = 20


def is_stopped(pid):
    """All of its threads, and none in the kernel."""
    return all(path.read_text().rpartition(")")[2].split()[0] == "T"
               for path in pathlib.Path(f"/proc/{pid}/task").glob("*/stat"))


def run(*command):
    return subprocess.run([*map(str, command)], capture_output=True, text=True, stdin=subprocess.DEVNULL)


class Disk:
    """`with Disk(directory) as disk:` it is mounted at disk.path."""

    def __init__(self, directory):
        self.image, self.path = pathlib.Path(directory) / "image", pathlib.Path(directory) / "disk"
        self.is_mounted = False

    def __enter__(self):
        if os.geteuid() != 0:
            raise Skip("it takes root to mount a file system")
        self.path.mkdir()
        with self.image.open("wb") as file:
            file.truncate(SIZE)
        made = run("mkfs.ext4", "-q", "-F", self.image)
        if made.returncode != 0:
            raise Skip(f"no ext4 can be made: {made.stderr.strip()}")
        self.mount()
        return self

    def __exit__(self, *_):
        if self.is_mounted:
            self.unmount()

    def mount(self):
        mounted = run("mount", "-t", "ext4", "-o", OPTIONS, self.image, self.path)
        if mounted.returncode != 0:
            raise Skip(f"no loop device can be mounted: {mounted.stderr.strip()}")
        self.is_mounted = True

    def unmount(self):
        """What was just killed may still hold it."""
        end = time.monotonic() + BUSY_S
        while (ended := run("umount", self.path)).returncode != 0:
            if time.monotonic() > end:
                raise OSError(f"{self.path} cannot be unmounted: {ended.stderr.strip()}")
            time.sleep(0.02)
        self.is_mounted = False
        # A mount namespace that was made meanwhile has a copy: as long as it lives, a mount gives the dead one again.
        while run("losetup", "-j", self.image).stdout:
            if time.monotonic() > end:
                raise OSError(f"{self.image} is still mounted in another mount namespace")
            time.sleep(0.02)

    def cut(self, pid):
        """`pid`, who uses it, is stopped for the moment of the cut: the caller lets it go on, or kills it."""
        os.kill(pid, signal.SIGSTOP)
        end = time.monotonic() + BUSY_S
        while not is_stopped(pid):
            if time.monotonic() > end:
                raise OSError(f"process {pid} cannot be stopped")
            time.sleep(0.001)
        fd = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(fd, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        except OSError as error:
            raise Skip(f"the kernel does not cut an ext4 off: {error}") from error
        finally:
            os.close(fd)

    def restore_power(self):
        self.unmount()
        self.mount()
