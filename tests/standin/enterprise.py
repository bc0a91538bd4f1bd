"""Turn the stand-in's addresses into those of GitHub Enterprise Server: one host, its API under a path."""

from dataclasses import replace

from tests.standin.wire import Answer, Reply, Request, reply_json

# https://docs.github.com/en/enterprise-server/rest/using-the-rest-api/getting-started-with-the-rest-api
REST, GRAPHQL = "/api/v3", "/api/graphql"
# What a browser asks for lies beside the API: attachments, and the page that takes an App's manifest.
PAGES = ("/user-attachments/", "/settings/", "/organizations/")


def enterprise(answer: Answer) -> Answer:
    """Answer only what that server has at its addresses."""

    def ask(request: Request) -> Reply:
        path = _inner(request.path)
        if path is None:
            return reply_json(404, {"message": "Not Found", "status": "404"})
        reply = answer(replace(request, path=path))
        here = f"http://{request.headers['host']}"
        link = reply.headers.get("link", "")
        if not link or f"<{here}{REST}/" in link:
            return reply
        return replace(reply, headers={**reply.headers, "link": link.replace(f"<{here}/", f"<{here}{REST}/")})

    return ask


def _inner(path: str) -> str | None:
    if path == GRAPHQL:
        return "/graphql"
    if path.startswith(PAGES):
        return path
    return path.removeprefix(REST) if path.startswith(f"{REST}/") else None
