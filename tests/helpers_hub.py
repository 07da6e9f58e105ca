"""A stand-in for the Hugging Face Hub on this machine: the endpoints that huggingface_hub and datasets use.

It keeps repositories in memory, and can break connections: `drop` cuts answers and uploads off in the middle.
"""

import base64
import contextlib
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "hf_a_token_that_may_write"
LFS_SUFFIXES = (".safetensors", ".arrow", ".npz", ".parquet", ".gz", "key2row", "vectors", "strings.json")
"""What is uploaded by itself, as large or binary files are. The rest goes with the commit."""


ANSWER = -1
"""In place of a number of bytes: the connection breaks before the answer, after all is done."""


class Drop(NamedTuple):
    """A connection to break: the first that has a method and matches a path."""

    method: str
    pattern: str
    n_bytes: int
    """Bytes of the answer, or of the upload, after which the connection is closed."""
    range_from: int = 0
    """The least start of the range that is asked for."""


class Repo:
    """A repository with its commits."""

    def __init__(self, private=False):
        self.private = private
        self.commits = {}
        self.branches = {}
        self.messages = []
        self.commit("main", {".gitattributes": b"*.safetensors filter=lfs\n"}, "initial commit")

    def commit(self, branch, files, message):
        """Make the files the content of a branch, and return the id of the commit."""
        digest = hashlib.sha1(repr((branch, sorted(files.items()), len(self.commits))).encode()).hexdigest()
        self.commits[digest], self.branches[branch] = dict(files), digest
        self.messages.append(message)
        return digest

    def files(self, revision):
        """Return the content of each path, or None for an unknown revision."""
        return self.commits.get(self.branches.get(revision, revision))

    def oid(self, revision):
        return self.branches.get(revision, revision)


class StandIn(ThreadingHTTPServer):
    """The server. `repos` has repositories by kind and name, such as "models/user/repo"; `log` has all requests."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.repos, self.objects, self.log, self.drops = {}, {}, [], []
        self.lock = threading.Lock()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def drop(self, method, pattern, n_bytes, range_from=0):
        """Break the next connection of a kind after some bytes."""
        self.drops.append(Drop(method, pattern, n_bytes, range_from))

    def lose_answer(self, method, pattern):
        """Do what the next request of a kind asks for, and break the connection before the answer."""
        self.drops.append(Drop(method, pattern, ANSWER))

    def take_drop(self, method, path, start):
        with self.lock:
            for found in self.drops:
                if found.method == method and re.search(found.pattern, path) and found.range_from <= start:
                    self.drops.remove(found)
                    return found
        return None

    def requests(self, pattern):
        """Return the requests that match, such as "GET /user/repo/resolve/main/meta.json bytes=10-"."""
        return [line for line in self.log if re.search(pattern, line)]

    def handle_error(self, request, client_address):
        """Be silent about connections that a client or a drop has closed."""


@contextlib.contextmanager
def running() -> Iterator[StandIn]:
    """Yield a server that runs in a thread of this process."""
    server = StandIn()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of one connection."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        """Print nothing."""

    def do_HEAD(self):
        self.answer("HEAD")

    def do_GET(self):
        self.answer("GET")

    def do_POST(self):
        self.answer("POST")

    def do_PUT(self):
        self.answer("PUT")

    def answer(self, method):
        path = unquote(urlsplit(self.path).path)
        self.server.log.append(f"{method} {path} {self.headers.get('Range', '')}".rstrip())
        span = re.match(r"bytes=(\d+)", self.headers.get("Range", ""))
        drop = self.server.take_drop(method, path, int(span[1]) if span else 0)
        length = int(self.headers.get("Content-Length") or 0)
        if drop is not None and drop.n_bytes != ANSWER and method in ("POST", "PUT"):
            self.rfile.read(min(drop.n_bytes, length))
            self.close_connection = True
            self.connection.close()
            return
        body = self.rfile.read(length) if length else self.chunked_body()
        self.cut = max(drop.n_bytes, 0) if drop is not None else None
        for pattern, function in ROUTES:
            found = re.fullmatch(pattern, f"{method} {path}")
            if found:
                function(self, body, **found.groupdict())
                return
        self.fail(404, "EntryNotFound", f"no route for {method} {path}")

    def chunked_body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return b""
        parts = []
        while size := int(self.rfile.readline().strip(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def send(self, status, content=b"", **headers):
        self.send_response(status)
        headers.setdefault("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.cut is not None and self.cut < len(content):
            self.wfile.write(content[: self.cut])
            self.wfile.flush()
            self.close_connection = True
            self.connection.close()
            return
        self.wfile.write(content)

    def send_json(self, value, status=200):
        self.send(status, json.dumps(value).encode(), Content_Type="application/json")

    def fail(self, status, code, message):
        self.send(status, b"{}", X_Error_Code=code, X_Error_Message=message)

    @property
    def token(self):
        return (self.headers.get("Authorization") or "").removeprefix("Bearer ")

    def repo(self, name, *, writing=False):
        """Return a repository, or answer with the error of the Hub and return None."""
        found = self.server.repos.get(name)
        if writing and self.token != TOKEN:
            self.fail(403 if self.token else 401, "Forbidden", "The token may not write.")
            return None
        if found is None or (found.private and self.token != TOKEN):
            self.fail(404 if self.token else 401, "RepoNotFound", "Repository not found")
            return None
        return found


def whoami(handler, body):
    if handler.token == TOKEN:
        handler.send_json({"type": "user", "name": "user", "auth": {}})
    else:
        handler.fail(401, "Unauthorized", "Invalid credentials in Authorization header")


def create_repo(handler, body):
    wanted = json.loads(body)
    if handler.token != TOKEN:
        handler.fail(401, "Unauthorized", "Invalid username or password.")
        return
    name = f"{wanted.get('organization') or 'user'}/{wanted['name']}"
    key = f"{wanted.get('type') or 'model'}s/{name}"
    private = wanted.get("private") or wanted.get("visibility") == "private"
    exists = key in handler.server.repos
    if not exists:
        handler.server.repos[key] = Repo(bool(private))
    handler.send_json({"url": f"{handler.server.url}/{name}", "name": name, "id": key}, 409 if exists else 200)


def create_branch(handler, body, repo, branch):
    found = handler.repo(repo, writing=True)
    if found is None:
        return
    exists = branch in found.branches
    if not exists:
        found.branches[branch] = found.branches["main"]
    handler.send_json({}, 409 if exists else 200)


def preupload(handler, body, repo, revision):
    found = handler.repo(repo, writing=True)
    if found is None:
        return
    modes = [
        {"path": file["path"], "uploadMode": "lfs" if file["path"].endswith(LFS_SUFFIXES) else "regular"}
        for file in json.loads(body)["files"]
    ]
    handler.send_json({"files": [{**mode, "shouldIgnore": False, "oid": None} for mode in modes]})


def lfs_batch(handler, body, repo):
    objects = [
        {
            "oid": each["oid"],
            "size": each["size"],
            **({} if each["oid"] in handler.server.objects else {"actions": upload_actions(handler, each["oid"])}),
        }
        for each in json.loads(body)["objects"]
    ]
    handler.send_json({"transfer": "basic", "objects": objects})


def upload_actions(handler, oid):
    return {"upload": {"href": f"{handler.server.url}/lfs/{oid}", "header": {}}}


def upload(handler, body, oid):
    if hashlib.sha256(body).hexdigest() != oid:
        handler.fail(400, "BadRequest", "the content has another hash")
        return
    handler.server.objects[oid] = body
    handler.send(200)


def commit(handler, body, repo, revision):
    found = handler.repo(repo, writing=True)
    if found is None:
        return
    files, message = dict(found.files(revision) or {}), ""
    for line in body.splitlines():
        entry = json.loads(line)
        kind, value = entry["key"], entry["value"]
        if kind == "header":
            message = value["summary"]
        elif kind == "file":
            files[value["path"]] = base64.b64decode(value["content"])
        elif kind == "lfsFile":
            files[value["path"]] = handler.server.objects[value["oid"]]
        elif kind == "deletedFile":
            del files[value["path"]]
    oid = found.commit(revision, files, message)
    url = f"{handler.server.url}/{repo.partition('/')[2]}/commit/{oid}"
    handler.send_json({"success": True, "commitOid": oid, "commitUrl": url, "hookOutput": ""})


def files_of(handler, repo, revision):
    """Return a repository and its files, which are None if the answer is that one of them is missing."""
    found = handler.repo(repo)
    files = None if found is None else found.files(revision)
    if found is not None and files is None:
        handler.fail(404, "RevisionNotFound", "Invalid rev id")
    return found, files


def info(handler, body, repo, revision="main"):
    found, files = files_of(handler, repo, revision)
    if files is None:
        return
    handler.send_json(
        {
            "id": repo.partition("/")[2],
            "modelId": repo.partition("/")[2],
            "sha": found.oid(revision),
            "private": found.private,
            "tags": [],
            "downloads": 0,
            "likes": 0,
            "disabled": False,
            "gated": False,
            "lastModified": "2026-01-01T00:00:00.000Z",
            "createdAt": "2026-01-01T00:00:00.000Z",
            "siblings": [{"rfilename": path} for path in sorted(files)],
        }
    )


def commits(handler, body, repo, revision):
    found, files = files_of(handler, repo, revision)
    if files is None:
        return
    facts = {"authors": [], "message": "", "date": "2026-01-01T00:00:00.000Z"}
    newest_first = reversed(list(zip(found.commits, found.messages, strict=True)))
    handler.send_json([{"id": oid, "title": message, **facts} for oid, message in newest_first])


def entry(path, content):
    oid = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    values = {"type": "file", "path": path, "size": len(content), "oid": oid}
    if path.endswith(LFS_SUFFIXES):
        digest = hashlib.sha256(content).hexdigest()
        values["lfs"] = {"oid": digest, "size": len(content), "pointerSize": 134}
    return values


def folders(files):
    return sorted({"/".join(path.split("/")[:depth]) for path in files for depth in range(1, path.count("/") + 1)})


def tree(handler, body, repo, revision, folder=""):
    _, files = files_of(handler, repo, revision)
    if files is None:
        return
    recursive = parse_qs(urlsplit(handler.path).query).get("recursive", ["false"])[0].lower() == "true"
    start = f"{folder.strip('/')}/" if folder.strip("/") else ""
    entries = [entry(path, content) for path, content in sorted(files.items())]
    entries += [{"type": "directory", "path": path, "size": 0, "oid": "0" * 40} for path in folders(files)]
    within = [each for each in entries if each["path"].startswith(start)]
    if start and not within:
        handler.fail(404, "EntryNotFound", "no such folder")
        return
    shown = [each for each in within if recursive or "/" not in each["path"][len(start) :]]
    handler.send_json(shown)


def paths_info(handler, body, repo, revision):
    _, files = files_of(handler, repo, revision)
    if files is None:
        return
    if body.startswith(b"{"):
        paths = json.loads(body)["paths"]
    else:
        paths = parse_qs(body.decode()).get("paths", [])
    known = [entry(path, files[path]) for path in paths if path in files]
    known += [
        {"type": "directory", "path": path, "size": 0, "oid": "0" * 40} for path in folders(files) if path in paths
    ]
    handler.send_json(known)


def resolve(handler, body, repo, revision, path):
    found = handler.repo(repo if repo.startswith("datasets/") else f"models/{repo}")
    if found is None:
        return
    files = found.files(revision)
    if files is None:
        handler.fail(404, "RevisionNotFound", "Invalid rev id")
    elif path not in files:
        handler.fail(404, "EntryNotFound", "Entry not found")
    else:
        send_file(handler, found.oid(revision), entry(path, files[path]), files[path])


def send_file(handler, commit_oid, facts, content):
    etag = facts["lfs"]["oid"] if "lfs" in facts else facts["oid"]
    headers = {
        "ETag": f'"{etag}"',
        "X_Linked_ETag": f'"{etag}"',
        "X_Linked_Size": str(len(content)),
        "X_Repo_Commit": commit_oid,
        "Accept_Ranges": "bytes",
        "Content_Type": "application/octet-stream",
    }
    span = re.fullmatch(r"bytes=(\d+)-(\d*)", handler.headers.get("Range", ""))
    if span is None:
        handler.send(200, content, **headers)
        return
    start, stop = int(span[1]), min(int(span[2] or len(content)), len(content) - 1) + 1
    if start >= len(content):
        handler.send(416, b"", **headers)
        return
    headers["Content_Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
    handler.send(206, content[start:stop], **headers)


REPO, REVISION = r"(?P<repo>(?:models|datasets)/[^/ ]+/[^/]+)", r"(?P<revision>[^/]+)"
ROUTES = [
    (r"GET /api/whoami-v2", whoami),
    (r"POST /api/validate-yaml", lambda handler, body: handler.send_json({"errors": [], "warnings": []})),
    (r"POST /api/repos/create", create_repo),
    (rf"POST /api/{REPO}/branch/(?P<branch>.+)", create_branch),
    (rf"POST /api/{REPO}/preupload/{REVISION}", preupload),
    (r"POST /(?P<repo>.+)\.git/info/lfs/objects/batch", lfs_batch),
    (r"PUT /lfs/(?P<oid>[0-9a-f]+)", upload),
    (rf"POST /api/{REPO}/commit/{REVISION}", commit),
    (rf"GET /api/{REPO}", info),
    (rf"GET /api/{REPO}/revision/{REVISION}", info),
    (rf"GET /api/{REPO}/commits/{REVISION}", commits),
    (rf"GET /api/{REPO}/tree/{REVISION}(?P<folder>(?:/.*)?)", tree),
    (rf"POST /api/{REPO}/paths-info/{REVISION}", paths_info),
    (rf"(?:GET|HEAD) /(?P<repo>(?:datasets/)?[^/ ]+/[^/]+)/resolve/{REVISION}/(?P<path>.+)", resolve),
]
"""By method and path; the first that fits answers."""
