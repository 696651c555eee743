"""A client for the tests of the scripted GitHub: urllib, and raw sockets for what urllib hides."""
import gzip
import json
import pathlib
import socket
import sys
import urllib.error
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from tests.github import CodegenApi, GitHub, Violations, effects, make_jwt, make_key  # noqa: E402

__all__ = ["Client", "CodegenApi", "GitHub", "Violations", "effects", "make_jwt", "make_key", "raw"]
PATIENCE_S = 20
HEADERS = {"User-Agent": "codegend-test", "Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):  # pylint: disable=arguments-differ
        return None


class Answer:
    def __init__(self, status, headers, data):
        self.status, self.headers, self.data = status, headers, data
        if headers.get("Content-Encoding") == "gzip":
            self.data = gzip.decompress(data)

    @property
    def json(self):
        return json.loads(self.data)


class Client:
    """What our client is: the right headers, no redirects followed. `asks` counts."""

    def __init__(self, base, token=None, graphql=None, **headers):
        self.base, self.graphql_url = base, graphql
        self.headers = {**HEADERS, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), Stay())

    def ask(self, method, path, body=None, timeout=PATIENCE_S, data=None, **headers):
        sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        sent = {name: value for name, value in sent.items() if value is not None}
        if body is not None:
            data = json.dumps(body).encode()
        if data is not None and "Content-Type" not in sent:
            sent["Content-Type"] = "application/json"
        url = path if path.startswith("http") else self.base + path
        request = urllib.request.Request(url, data, sent, method=method)
        if "User-Agent" not in sent:
            self.opener.addheaders = []
        try:
            with self.opener.open(request, timeout=timeout) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.ask("POST", path, body, **more)

    def patch(self, path, body=None, **more):
        return self.ask("PATCH", path, body, **more)

    def delete(self, path, **more):
        return self.ask("DELETE", path, **more)

    def query(self, text, **variables):
        return self.post(self.graphql_url, {"query": text, "variables": variables})

    def pages(self, path):
        """All pages, by their Link headers."""
        items, answers = [], 0
        while path:
            answer = self.get(path)
            answers += 1
            items += answer.json
            links = [part for part in answer.headers.get("Link", "").split(",") if 'rel="next"' in part]
            path = links[0].split("<")[1].split(">")[0] if links else None
        return items, answers


def raw(port, text, until_end=True):
    """Sends bytes as they are; what comes back."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as connection:
        connection.sendall(text if isinstance(text, bytes) else text.encode())
        data = b""
        while until_end or b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                break
            data += piece
        return data
