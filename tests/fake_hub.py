"""A local server with the Hub's protocols: downloads, and the requests of an upload.

    HEAD, GET  /ORG/REPO/resolve/REVISION/FILE   ETag, X-Repo-Commit, Content-Length, ranges
    404        X-Error-Code: RepoNotFound, RevisionNotFound, EntryNotFound; 403: GatedRepo
    POST       /api/repos/create, /api/models/REPO/preupload|commit/main, REPO.git/info/lfs/...

Tests set the fields of `Faults` to make later requests fail. The server also works as a proxy.
"""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import sys
import threading
import time
from dataclasses import dataclass, field
from functools import lru_cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True, kw_only=True)
class Request:
    """A received request."""

    method: str
    path: str
    range: str | None
    token: str | None


@dataclass
class Faults:
    """Faults of later responses."""

    break_at: int | None = None  # the connection breaks at this byte of the file
    breaks: int = 1  # so many times
    flip: bool = False  # one byte is sent inverted
    statuses: list[int] = field(default_factory=list)  # answered first, one per GET
    gate: str | None = None  # a token that must be shown
    is_gated: bool = False  # ... or terms that must be agreed to
    forgets_commit: bool = False  # answers as a plain web server
    pause: threading.Event | None = None  # GETs wait for it
    refuses_uploads: bool = False
    hold_at: int | None = None  # nothing comes after this byte


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that close the connection early."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class FakeHub:
    """Repositories in memory; `with FakeHub() as hub:` serves them at `hub.url`."""

    def __init__(self) -> None:
        self.commits: dict[tuple[str, str], str] = {}  # (repo, revision) -> commit
        self.files: dict[tuple[str, str, str], bytes] = {}  # (repo, commit, path) -> content
        self.requests: list[Request] = []
        self.faults = Faults()
        self.redirect: str | None = None  # where GETs are sent on to, as to a CDN
        self.sent = 0  # bytes of files
        self.uploads: dict[str, bytes] = {}
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> FakeHub:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def commit(self, repo: str, files: dict[str, bytes], *, branch: str = "main") -> str:
        """Publish files on a branch and return the name of the commit."""
        before = self.commits.get((repo, branch), "")
        digest = hashlib.sha1(before.encode())
        for path, content in sorted(files.items()):
            digest.update(path.encode() + content)
        commit = digest.hexdigest()
        kept = {p: c for (r, made, p), c in self.files.items() if (r, made) == (repo, before)}
        for path, content in (kept | files).items():
            self.files[repo, commit, path] = content
        self.commits[repo, branch] = self.commits[repo, commit] = commit
        return commit

    def asked(self, method: str) -> list[Request]:
        """The requests with this method so far."""
        return [request for request in self.requests if request.method == method]


def _handler(hub: FakeHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self._serve()

        def do_GET(self) -> None:
            if hub.faults.pause is not None:
                hub.faults.pause.wait(10)
            self._serve()

        def _serve(self) -> None:
            path = unquote(urlsplit(self.path).path)
            words = path.strip("/").split("/")
            shown = self.headers.get("Authorization")
            hub.requests.append(
                Request(
                    method=self.command, path=path, range=self.headers.get("Range"), token=shown
                )
            )
            while "resolve" in words and words.index("resolve") > 2:  # a mirror below a path
                words = words[1:]
            if len(words) < 5 or words[2] != "resolve":
                self._fail(404, "RepoNotFound")
                return
            repo, revision, name = "/".join(words[:2]), words[3], "/".join(words[4:])
            refusal = self._refusal(repo, revision, name, shown)
            if refusal is not None:
                self._fail(*refusal)
                return
            commit = hub.commits[repo, revision]
            self._send(hub.files[repo, commit, name], commit)

        def _refusal(
            self, repo: str, revision: str, name: str, shown: str | None
        ) -> tuple[int, str] | None:
            faults = hub.faults
            if faults.is_gated:
                return 403, "GatedRepo"
            is_let_in = faults.gate is None or shown == f"Bearer {faults.gate}"
            if not is_let_in or not any(known == repo for known, _ in hub.commits):
                return 401, "RepoNotFound"  # the Hub does not tell which
            commit = hub.commits.get((repo, revision))
            if commit is None:
                return 404, "RevisionNotFound"
            if (repo, commit, name) not in hub.files:
                return 404, "EntryNotFound"
            if self.command == "GET" and faults.statuses:
                return faults.statuses.pop(0), ""
            return None

        def _send(self, content: bytes, commit: str) -> None:
            if hub.redirect is not None and self.command == "GET":
                self.send_response(302)
                self.send_header("Location", hub.redirect + self.path)
                self._end(b"")
                return
            etag = _sha256(content)
            first = int((self.headers.get("Range") or "bytes=0-")[6:].partition("-")[0])
            self.send_response(206 if self.headers.get("Range") else 200)
            if not hub.faults.forgets_commit:
                self.send_header("X-Repo-Commit", commit)
            self.send_header("ETag", f'"{etag}"')
            if first:
                span = f"bytes {first}-{len(content) - 1}/{len(content)}"
                self.send_header("Content-Range", span)
            self.send_header("Content-Length", str(len(content) - first))
            self.end_headers()
            if self.command == "GET":
                self._pour(content, first)

        def _pour(self, content: bytes, first: int) -> None:
            faults = hub.faults
            if faults.flip:
                content = content[:-1] + bytes([content[-1] ^ 1])
            last = len(content)
            if faults.break_at is not None and faults.breaks > 0 and first <= faults.break_at:
                faults.breaks -= 1
                last = faults.break_at
            if faults.hold_at is not None:
                last = faults.hold_at
            self.wfile.write(content[first:last])
            self.wfile.flush()
            hub.sent += last - first
            while faults.hold_at is not None:
                time.sleep(0.02)
            if last < len(content):
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True

        def _fail(self, status: int, code: str) -> None:
            self.send_response(status)
            if code:
                self.send_header("X-Error-Code", code)
            self._end(b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            hub.requests.append(
                Request(
                    method="POST",
                    path=self.path,
                    range=None,
                    token=self.headers.get("Authorization"),
                )
            )
            self.send_response(200)
            self._end(json.dumps(_uploaded(hub, self.path, body)).encode())

        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            hub.uploads[self.path.rpartition("/")[2]] = body
            self.send_response(403 if hub.faults.refuses_uploads else 200)
            self._end(b"")

        def _end(self, body: bytes) -> None:
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body)

    return Handler


@lru_cache(maxsize=64)
def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _uploaded(hub: FakeHub, path: str, body: bytes) -> dict[str, object]:
    """The response to one request of an upload."""
    if path.endswith("/validate-yaml"):
        return {"errors": [], "warnings": []}
    if path.endswith("/repos/create"):
        asked = json.loads(body)
        repo = f"{asked['organization']}/{asked['name']}"
        return {"url": f"{hub.url}/{repo}", "name": repo, "id": repo}
    if "/preupload/" in path:
        names = [file["path"] for file in json.loads(body)["files"]]
        modes = {name: "lfs" if name.endswith(".safetensors") else "regular" for name in names}
        return {
            "files": [
                {"path": name, "uploadMode": mode, "shouldIgnore": False, "oid": None}
                for name, mode in modes.items()
            ]
        }
    if path.endswith("/objects/batch"):
        objects = json.loads(body)["objects"]
        actions = [{"upload": {"href": f"{hub.url}/upload/{o['oid']}"}} for o in objects]
        answered = [{**o, "actions": a} for o, a in zip(objects, actions, strict=True)]
        return {"transfer": "basic", "objects": answered}
    assert "/commit/" in path, path
    repo = path.removeprefix("/api/models/").partition("/commit/")[0]
    files: dict[str, bytes] = {}
    for line in body.splitlines():
        row = json.loads(line)
        if row["key"] == "file":
            files[row["value"]["path"]] = base64.b64decode(row["value"]["content"])
        elif row["key"] == "lfsFile":
            files[row["value"]["path"]] = hub.uploads[row["value"]["oid"]]
    commit = hub.commit(repo, files)
    return {"commitUrl": f"{hub.url}/{repo}/commit/{commit}", "commitOid": commit}
