"""What every scripted server of this package has: a port, a log of requests, misbehaviour, and violations: what the
client did wrong, which fail the test at the end of the `with` block."""
import re
import threading
import time

from .faults import Fault, Late
from .wire import Answer, Server

TOKEN = re.compile(r"(?i)^(bearer|token) +(\S+)$")


class Violations(AssertionError):
    pass


class Scripted:
    def __init__(self, port=0):
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self.requests = []
        self.violations = []
        self.faults = []
        self.forbidden = []
        self.hooks = {}
        self.late = Late()
        self.in_flight = {}
        self.max_in_flight = 0
        self.offset_s = 0.0
        self.server = Server(self, port)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.stop()
        if kind is None:
            self.verify()

    def stop(self):
        self.stopping.set()
        self.server.stop()

    def verify(self):
        """Raises Violations when the client did something wrong, or when a misbehaviour never came to pass."""
        with self.lock:
            found = list(self.violations)
            found += [f"never used: fail({fault.match!r}, {fault.how!r})" for fault in self.faults
                      if not fault.hits and not fault.optional]
        if found:
            raise Violations("\n".join(found))

    def forgive(self, pattern):
        """Takes back the violations that match; returns them. A test that provokes one says so with this."""
        with self.lock:
            taken = [text for text in self.violations if re.search(pattern, text)]
            self.violations = [text for text in self.violations if text not in taken]
        return taken

    # What tests ask

    def sent(self, match="*"):
        """The requests that match as in fail()."""
        probe = Fault(self, match, "ok", "always", optional=True)
        with self.lock:
            return [request for request in self.requests if probe.applies(request)]

    # Time

    def now(self):
        return time.time() + self.offset_s

    def advance(self, seconds):
        """Moves this server's clock, which is in its answers and decides over expiry and budgets."""
        self.offset_s += seconds

    # Script

    def fail(self, match, how, when=1, effect=None, late_s=None, optional=False, **details):
        """See faults.py. The one that was added first and applies wins. Returns it: `hits` tells how often."""
        fault = Fault(self, match, how, when, effect, late_s, optional, **details)
        with self.lock:
            self.faults.append(fault)
        return fault

    def recover(self, *faults):
        """Ends misbehaviour, all of it by default."""
        with self.lock:
            for fault in faults or self.faults:
                fault.when = set()

    def deliver_later(self, seconds, perform):
        self.late.add(seconds, perform)

    def deliver_late(self):
        """Now the effects that were held back happen. Returns how many there were."""
        return self.late.deliver()

    def forbid(self, *texts):
        """None of these may be in any request: a planted secret."""
        self.forbidden += texts

    def on(self, event, action):
        """Calls action(...) when something happened ("comment", "run"), with the lock held."""
        self.hooks.setdefault(event, []).append(action)

    def happened(self, event, *details):
        for action in self.hooks.get(event, ()):
            action(*details)

    # Requests

    def violation(self, request, text):
        with self.lock:
            self.violations.append(f"{request}: {text}" if request is not None else text)

    def broken(self, address):
        """A fault of this program, not of the client: it must not pass for an answer."""
        import traceback
        self.violation(None, f"the scripted server failed for {address}: {traceback.format_exc()}")

    def answer(self, request, wire):
        self.prepare(request)
        with self.lock:
            self.requests.append(request)
            self.in_flight[request] = wire
            self.max_in_flight = max(self.max_in_flight, len(self.in_flight))
            self.look(request)
            for text in self.forbidden:
                if text in request.target or text in request.text or any(
                        text in value for name, value in request.headers.items()):
                    self.violation(request, f"holds {text!r}, which must not leave")
            fault = next((f for f in self.faults if f.applies(request)), None)
            request.fault = fault and fault.how
        try:
            answer = fault.run(request, wire, lambda: self.perform(request)) if fault else self.perform(request)
            request.status = answer.status if answer else None
            return answer
        except Exception:  # pylint: disable=broad-except
            self.broken(request)
            request.status = 599
            return Answer(599, {"message": "the scripted server failed"})
        finally:
            request.done = time.monotonic()
            self.leave(request)

    def leave(self, request):
        with self.lock:
            self.in_flight.pop(request, None)

    def prepare(self, request):
        """Adds what this API tells requests apart by, before anything else sees one."""
        request.is_graphql = False
        request.route_path = request.path
        request.status = request.done = request.fault = request.bearer = request.who = None
        given = request.headers.get("authorization")
        match = TOKEN.match(given or "")
        request.bearer = match and match.group(2)
        request.auth_form = match and match.group(1)
        # The log shows that there was one, and of whom, never which.
        if given is not None:
            request.headers["authorization"] = f"{request.auth_form or 'malformed'} …"

    def look(self, request):
        """Records violations; the lock is held."""

    def perform(self, request):
        """The effect and the answer."""
        raise NotImplementedError
