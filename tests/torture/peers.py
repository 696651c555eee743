"""Cases: peers that do not play by the rules, each with well-behaved clients beside them."""
import json
import time

from conftest import Varlink, wait_for
from place import case

PING = b'{"method":"io.codegend.Ping"}\0'
MEMORY_MIB = 160
HALF = b'{"method":"io.codegend.Submit","parameters":{"log":"'


def guarded(place, attack):
    """Clients are served during the attack; afterwards it holds no more descriptors than before."""
    place.start()
    place.load(2)
    before = place.descriptors()
    facts = attack()
    place.wait_acks(20)
    place.end_load()
    peak = place.memory_mib()
    wait_for(lambda: place.descriptors() <= before, "the end of all connections")
    leaks = max(0, place.descriptors() - before)
    place.stop_and_look()
    assert peak < MEMORY_MIB, f"it holds {peak:.0f} MiB"
    return {**facts, "resident": f"{peak:.0f} MiB", "leaks": leaks}


def connect(place):
    try:
        return Varlink(place.daemon.submit_socket)
    except OSError:  # the queue of the socket is full, or it was refused
        return None


@case("slow loris", "200 clients send a byte of their first message now and then, and never its end",
      "others are served, and after 10 s these are closed")
def slow_loris(place, _):
    def attack():
        peers = [peer for peer in (connect(place) for _ in range(200)) if peer]
        place.faults = len(peers)
        end, alive, sent = time.monotonic() + 40, peers, 0
        while alive and time.monotonic() < end:
            byte = HALF[sent:sent + 1] or b"x"
            alive = [peer for peer in alive if trickle(peer, byte)]
            sent += 1
            time.sleep(0.3)
        for peer in peers:
            peer.close()
        assert not alive, f"{len(alive)} of {len(peers)} are still connected"
        return {"closed": len(peers)}
    return guarded(place, attack)


def trickle(peer, byte):
    try:
        peer.send_raw(byte)
        return True
    except OSError:
        return False


@case("10,000 connections", "10,000 connections, more at once than one user may have, half of them left in mid-message",
      "others are served, and nothing is kept of them")
def many_connections(place, _):
    def attack():
        total, held, refused = 10_000, [], 0
        place.faults = total
        for number in range(total):
            peer = connect(place)
            if peer is None or not trickle(peer, PING if number % 2 else HALF):
                refused += 1
            if peer is not None:
                held.append(peer)
            if len(held) >= 400:
                for old in held:
                    old.close()
                held.clear()
        for peer in held:
            peer.close()
        return {"refused at once": refused}
    return guarded(place, attack)


@case("clients that never read", "16 clients send calls with long answers, and never read one",
      "others are served, memory is bounded, these are closed")
def never_read(place, _):
    def attack():
        call = json.dumps({"method": "io.codegend.ListReports", "parameters": {"limit": 1000}}).encode() + b"\0"
        submitter = Varlink(place.daemon.submit_socket)
        for number in range(40):
            submitter.call("Submit", key=f"long-{number}", project="load/long", branch="b", errorType="test_failure",
                           commit="aaaaaaa1", log="line of a log\n" * 10_000)
        submitter.close()
        peers = [place.daemon.connect() for _ in range(16)]
        place.faults = len(peers)
        for peer in peers:
            peer.socket.setblocking(False)
            for _ in range(2000):
                if not trickle(peer, call):
                    break
        place.wait_acks(20)
        for peer in peers:
            peer.close()
        return {}
    place.ledger.sent |= {f"long-{number}" for number in range(40)}
    return guarded(place, attack)
