"""PyGithub, and the simulator's control endpoint, for the rules in this directory."""

import json
import sys
import urllib.request

import github
from github import Auth, GithubException, GithubIntegration

BASE = sys.argv[1].rstrip("/") if len(sys.argv) > 1 else "http://127.0.0.1:18099"
RULES = []
COUNTER = iter(range(1, 1_000_000))


def rule(function):
    RULES.append(function)
    return function


def control(path, body=None):
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(BASE + path, data=data)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def sim(do, **more):
    return control("/__sim/github", {"do": do, **more})


def workspace(do, **more):
    return control("/__sim/operation", {"do": do, **more})


HOST = sim("describe")
# PyGithub pauses between requests, and repeats them, unless it is told not to.
QUICK = {"retry": None, "seconds_between_requests": None, "seconds_between_writes": None}


def fresh(word):
    return f"{word}-{next(COUNTER)}"


def integration(base=None):
    auth = Auth.AppAuth(HOST["app_id"], HOST["private_key"])
    return GithubIntegration(auth=auth, base_url=base or HOST["api"], **QUICK)


def with_token(token):
    return github.Github(auth=Auth.Token(token), base_url=HOST["api"], **QUICK)


class Place:
    """An account with a repository and an installation, and PyGithub as that installation."""

    def __init__(self, base=None, **more):
        self.owner = fresh("org")
        self.installation = sim("install", login=self.owner)["id"]
        self.full = f"{self.owner}/api"
        sim("add_repository", name=self.full, **more)
        self.github = integration(base).get_github_for_installation(self.installation)
        self.repo = self.github.get_repo(self.full)

    def run(self, *attempts, **more):
        plan = {"attempts": [{"jobs": jobs} for jobs in attempts], **more}
        return self.repo.get_workflow_run(sim("run", repository=self.full, plan=plan)["id"])

    def seen(self):
        found = control("/__sim/github")["repositories"]
        return next(r for r in found if r["name"] == self.full)


def job(name="test", conclusion="failure", log="boom"):
    return {"name": name, "conclusion": conclusion, "log": log}


def refused(status, words, call, *args, kind=GithubException, **kwargs):
    try:
        call(*args, **kwargs)
    except kind as error:
        assert error.status == status, f"wanted {status}, got {error.status} {error.data}"
        assert words in str(error.data), f"{words} is not in {error.data}"
        return error
    raise AssertionError(f"served, but GitHub answers {status} {words}")
