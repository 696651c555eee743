"""HTTP/1.1 as bytes: a threaded server that keeps connections alive and can be told to break every rule of it.

An application is an object with `answer(request, wire)` that returns an Answer, or None when it dealt with the
connection itself through the Wire. Nothing here knows GitHub."""
import gzip
import http.server
import json
import select
import socket
import struct
import threading
import time
import urllib.parse

PHRASES = http.server.BaseHTTPRequestHandler.responses
BODY_MAX_BYTES = 4 * 1024 * 1024
GZIP_MIN_BYTES = 256


class Answer:
    """What is sent back. `body`: None, bytes as they are, or anything JSON."""

    def __init__(self, status=200, body=None, headers=None, kind="application/json; charset=utf-8"):
        self.status = status
        self.body = body
        self.headers = dict(headers or {})
        self.kind = kind

    def data(self):
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body, separators=(",", ":")).encode()


class Request:
    """One request as it came. `headers` has lower-case names; a name that came twice is in `twice`."""

    def __init__(self, method, target, headers, body, version):
        self.method = method
        self.target = target
        self.version = version
        self.at = time.monotonic()
        parts = urllib.parse.urlsplit(target)
        self.path = parts.path
        self.query = dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True))
        self.headers = {}
        self.twice = set()
        for name, value in headers:
            if name.lower() in self.headers:
                self.twice.add(name.lower())
            self.headers[name.lower()] = value
        self.body = body
        self.text = body.decode("utf-8", "replace")
        self.json = None
        self.bad_json = False
        if body:
            try:
                self.json = json.loads(body)
            except ValueError:
                self.bad_json = True

    def __repr__(self):
        return f"{self.method} {self.target}"


class Wire:
    """The connection of one request: how an answer leaves, whole or not."""

    def __init__(self, handler):
        self.handler = handler
        self.socket = handler.connection

    def encode(self, answer, request, chunked=None, squeeze=True):
        """The bytes of an answer. Large ones are compressed when the peer asked for it, and chunked then."""
        now = self.handler.server.application.now()
        data, headers = answer.data(), {"Server": "github.com", "Date": self.handler.date_time_string(now)}
        headers.update(answer.headers)
        wants = "gzip" in request.headers.get("accept-encoding", "")
        if wants and squeeze and len(data) >= GZIP_MIN_BYTES and "Content-Encoding" not in headers:
            data = gzip.compress(data, 1, mtime=0)
            headers["Content-Encoding"] = "gzip"
            chunked = True if chunked is None else chunked
        bodiless = answer.status in (204, 304)
        if not bodiless:
            headers.setdefault("Content-Type", answer.kind)
            headers.setdefault(*(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(data)))))
        phrase = PHRASES.get(answer.status, ("Unknown",))[0]
        head = f"HTTP/1.1 {answer.status} {phrase}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n"
        if bodiless or request.method == "HEAD":
            data = b""
        elif chunked:
            pieces = [data[i:i + 4096] for i in range(0, len(data), 4096)]
            data = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        return head.encode("latin-1"), data

    def send(self, *pieces):
        """Whether the peer still takes anything."""
        try:
            self.socket.sendall(b"".join(pieces))
            return True
        except OSError:
            self.handler.close_connection = True
            return False

    def close(self):
        """Ends the connection in order."""
        self.handler.close_connection = True
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def reset(self):
        """Ends it with a TCP reset."""
        self.handler.close_connection = True
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.handler.give_up_socket()
        except OSError:
            pass

    def is_open(self):
        """Whether the peer is still there; what it may have sent meanwhile stays unread."""
        try:
            readable, _, _ = select.select([self.socket], [], [], 0)
            return not readable or bool(self.socket.recv(1, socket.MSG_PEEK))
        except (OSError, ValueError):
            return False

    def stay_silent(self, stopping, seconds=3600):
        """Says nothing until the peer gives up, the server stops, or so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.is_open() and not stopping.wait(0.02):
            pass
        self.handler.close_connection = True


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 600
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self.server.opened(self.connection)

    def finish(self):
        self.server.ended(self.connection)
        try:
            super().finish()
        except OSError:
            pass

    def give_up_socket(self):
        """Closes now, so that the linger option decides how: rfile and wfile hold the socket open otherwise."""
        for held in (self.rfile, self.wfile, self.connection):
            held.close()

    def handle(self):
        try:
            super().handle()
        except (OSError, ValueError):
            self.close_connection = True

    def read_body(self):
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline() not in (b"\r\n", b""):
                pass
            return body
        length = int(self.headers.get("content-length", 0))
        if length > BODY_MAX_BYTES:
            raise ValueError("a body of more bytes than anybody sends")
        body = self.rfile.read(length)
        if len(body) < length:
            raise ValueError("cut off within its body")
        return body

    def serve(self):
        request = Request(self.command, self.path, self.headers.items(), self.read_body(), self.request_version)
        wire = Wire(self)
        answer = self.server.application.answer(request, wire)
        if answer is not None:
            wire.send(*wire.encode(answer, request))

    do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = do_OPTIONS = serve

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass


class Server(http.server.ThreadingHTTPServer):
    """Listens from its creation; `stop()` cuts every connection."""
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, application, port=0, host="127.0.0.1"):
        self.application = application
        self.connections = 0
        self.live = set()
        self.lock = threading.Lock()
        super().__init__((host, port), Handler)
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()

    def server_bind(self):
        # Without the name look-up that HTTPServer does here.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address[:2]

    def handle_error(self, request, client_address):
        self.application.broken(client_address)

    def opened(self, connection):
        with self.lock:
            self.connections += 1
            self.live.add(connection)

    def ended(self, connection):
        with self.lock:
            self.live.discard(connection)

    @property
    def port(self):
        return self.server_address[1]

    def stop(self):
        self.shutdown()
        self.server_close()
        with self.lock:
            live = list(self.live)
        for connection in live:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
