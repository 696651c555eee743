"""A registry for `npm audit`: with advisories when they are given as a file, else one that has no audit."""
import http.server
import json
import pathlib
import sys

ADVISORIES = json.loads(pathlib.Path(sys.argv[1]).read_text()) if len(sys.argv) > 1 else None


class Registry(http.server.BaseHTTPRequestHandler):
    def answer(self, code, value):
        body = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        name = self.path.strip("/")
        versions = {"lodash": ["4.17.15", "4.17.21"], "minimist": ["1.2.0", "1.2.8"]}.get(name)
        if versions is None:
            return self.answer(404, {"error": "not_found"})
        return self.answer(200, {"name": name, "dist-tags": {"latest": versions[-1]}, "versions": {
            version: {"name": name, "version": version, "dist": {}} for version in versions}})

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if ADVISORIES is None or not self.path.endswith("/advisories/bulk"):
            return self.answer(405, {"error": "method not allowed"})
        return self.answer(200, ADVISORIES)

    def log_message(self, *_):
        pass


http.server.HTTPServer(("127.0.0.1", 4873), Registry).serve_forever()
