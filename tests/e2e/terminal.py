"""What codegenctl prints on a terminal of so many columns."""
import fcntl
import os
import pty
import struct
import subprocess
import termios

from conftest import CODEGENCTL


def on_terminal(daemon, columns, *words, **variables):
    """Both streams, as they came."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen([CODEGENCTL, "--socket", daemon.control, *words], stdin=subprocess.DEVNULL, stdout=child,
                          stderr=child, env={**daemon.environment, **variables}):
        os.close(child)
        text = b""
        try:
            while data := os.read(parent, 65536):
                text += data
        except OSError:
            pass
    os.close(parent)
    return text.decode()
