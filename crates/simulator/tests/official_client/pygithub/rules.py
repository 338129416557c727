"""The rules of GitHub that PyGithub checks."""

import io
import urllib.error
import urllib.request
import zipfile

from github import (
    BadCredentialsException,
    GithubException,
    RateLimitExceededException,
    UnknownObjectException,
)
from simulator_github import HOST, Place, fresh, integration, job, refused, rule, sim, with_token, workspace


@rule
def the_app_is_served():
    app = integration().get_app()
    assert app.id == HOST["app_id"]
    assert app.permissions["actions"] == "write"


@rule
def a_wrong_token_is_bad_credentials():
    place = Place(public=True)
    github = with_token("ghp_wrong")
    refused(401, "Bad credentials", github.get_repo, place.full, kind=BadCredentialsException)


@rule
def an_installation_is_found_and_its_token_expires_in_an_hour():
    place = Place()
    apps = integration()
    assert apps.get_repo_installation(place.owner, "api").id == place.installation
    token = apps.get_access_token(place.installation, permissions={"issues": "read"})
    assert token.permissions == {"issues": "read", "metadata": "read"}, token.permissions
    assert token.expires_at is not None


@rule
def what_is_private_is_unknown():
    mine, other = Place(), Place()
    refused(404, "Not Found", mine.github.get_repo, other.full, kind=UnknownObjectException)


@rule
def a_missing_permission_is_no_rate_limit():
    place = Place()
    sim("grant", installation=place.installation, permissions={"issues": "read"})
    github = integration().get_github_for_installation(place.installation)
    repo = github.get_repo(place.full)
    words = "Resource not accessible by integration"
    error = refused(403, words, repo.create_issue, "x")
    assert not isinstance(error, RateLimitExceededException)


@rule
def a_spent_quota_is_a_rate_limit():
    place = Place()
    sim("quota", installation=place.installation, remaining=0, resets_in=60)
    error = refused(
        403, "rate limit exceeded", place.repo.get_issue, 1, kind=RateLimitExceededException
    )
    assert error.headers["x-ratelimit-remaining"] == "0"


@rule
def a_secondary_limit_is_a_rate_limit():
    place = Place()
    fault = {"kind": "secondary_limit", "status": 403, "retry_after": 5}
    workspace("fault", method="github/issues/get", times=1, fault=fault)
    error = refused(
        403, "secondary rate limit", place.repo.get_issue, 1, kind=RateLimitExceededException
    )
    assert error.headers["retry-after"] == "5"


@rule
def all_pages_are_read():
    place = Place()
    for number in range(35):
        place.repo.create_issue(f"n{number}", labels=["ci"])
    assert len({issue.number for issue in place.repo.get_issues(labels=["ci"])}) == 35
    assert place.repo.get_issues().totalCount == 35


@rule
def all_pages_are_read_below_api_v3():
    place = Place(base=HOST["enterprise"])
    for number in range(32):
        place.repo.create_issue(f"n{number}")
    assert len(list(place.repo.get_issues())) == 32


@rule
def a_log_is_on_another_host_and_wants_no_token():
    place = Place()
    run = place.run([job(log="it is broken")])
    url = run.jobs()[0].logs_url()
    assert url.startswith(HOST["storage"]), url
    with urllib.request.urlopen(url, timeout=5) as answer:
        assert b"it is broken" in answer.read()
    request = urllib.request.Request(url, headers={"Authorization": "Bearer ghs_x"})
    try:
        urllib.request.urlopen(request, timeout=5)
    except urllib.error.HTTPError as error:
        assert error.code == 401, error.code
    else:
        raise AssertionError("the storage took a token")


@rule
def the_logs_of_a_run_and_its_artifacts_are_zip_files():
    place = Place()
    files = [["junit.xml", "<testsuites/>"], ["more/b.txt", "b" * 5000]]
    artifacts = [{"name": "report", "files": files}]
    plan = {"attempts": [{"jobs": [job(log="in the zip")], "artifacts": artifacts}]}
    run = place.repo.get_workflow_run(sim("run", repository=place.full, plan=plan)["id"])
    artifact = run.get_artifacts()[0]
    assert artifact.name == "report" and not artifact.expired

    def fetch(path):
        status, headers, _ = place.repo.requester.requestBlob("GET", path)
        assert status == 302, status
        with urllib.request.urlopen(headers["location"], timeout=5) as answer:
            return zipfile.ZipFile(io.BytesIO(answer.read()))

    report = fetch(artifact.archive_download_url)
    assert report.read("junit.xml") == b"<testsuites/>"
    assert len(report.read("more/b.txt")) == 5000
    logs = fetch(run.logs_url)
    assert logs.namelist() == ["0_test.txt"]
    text = logs.read("0_test.txt").decode("utf-8-sig")
    assert text.splitlines()[2].endswith("Z in the zip"), text


@rule
def failed_jobs_run_again_and_a_running_run_does_not():
    place = Place()
    run = place.run([job()], [job(conclusion="success")])
    assert run.rerun_failed_jobs()
    # PyGithub says no without a reason; the reason is in the answer.
    assert not run.rerun_failed_jobs()
    sim("finish_runs")
    again = place.repo.get_workflow_run(run.id)
    assert (again.run_attempt, again.conclusion) == (2, "success")
    assert again.raw_data["previous_attempt_url"].endswith("/attempts/1")


@rule
def an_old_run_is_not_run_again():
    place = Place()
    run = place.run([job()], days_old=31)
    path = f"/repos/{place.full}/actions/runs/{run.id}/rerun-failed-jobs"
    status, _, body = place.repo.requester.requestJson("POST", path)
    assert status == 403 and "over a month ago" in body, body


@rule
def a_workflow_is_dispatched_when_it_can_be():
    place = Place()
    sim("add_dispatch", repository=place.full, name="Rollback", inputs=["version"])
    place.run([job()])
    workflows = {workflow.name: workflow for workflow in place.repo.get_workflows()}
    assert workflows["Rollback"].create_dispatch("main", {"version": "1"})
    words = "'workflow_dispatch' trigger"
    refused(422, words, workflows["CI"].create_dispatch, "main", throw=True)
    assert place.seen()["runs"][-1]["event"] in ("workflow_dispatch", "push")


@rule
def a_pull_request_edits_a_file():
    place = Place()
    head = place.repo.get_branch("main").commit.sha
    place.repo.create_git_ref("refs/heads/quarantine", head)
    place.repo.create_file("list.txt", "add", "a\n", branch="quarantine")
    file = place.repo.get_contents("list.txt", ref="quarantine")
    place.repo.update_file("list.txt", "change", "a\nb\n", file.sha, branch="quarantine")
    refused(409, "does not match", place.repo.update_file, "list.txt", "m", "c", file.sha, branch="quarantine")
    pull = place.repo.create_pull(base="main", head="quarantine", title="Quarantine", body="b")
    assert [f.filename for f in pull.get_files()] == ["list.txt"]
    assert pull.commits == 2
    refused(422, "already exists", place.repo.create_pull, base="main", head="quarantine", title="x")
    assert place.repo.get_contents("README.md").decoded_content.startswith(b"# api")


@rule
def an_issue_has_comments_and_labels():
    place = Place()
    issue = place.repo.create_issue("Flaky", body="b", labels=["flaky-test"])
    comment = issue.create_comment("one")
    comment.edit("two")
    issue.edit(state="closed", state_reason="completed")
    issue.edit(state="open")
    issue.add_to_labels("more")
    issue.remove_from_labels("flaky-test")
    seen = place.seen()
    assert seen["issues"][0]["reopened"] == 1
    assert seen["issues"][0]["labels"] == ["more"]
    assert [(c["body"], c["edits"]) for c in seen["comments"]] == [("two", 1)]
    refused(422, "Validation Failed", place.repo.create_issue, "x", body="y" * 65_537)


@rule
def a_check_run_has_an_external_id():
    place = Place()
    head = place.repo.get_branch("main").commit.sha
    check = place.repo.create_check_run("gate", head, external_id="uuid", status="in_progress")
    check.edit(conclusion="failure", output={"title": "t", "summary": "s"})
    found = place.repo.get_commit(head).get_check_runs(check_name="gate")
    assert [(c.external_id, c.conclusion) for c in found] == [("uuid", "failure")]


@rule
def deployments_and_commits_are_read():
    place = Place()
    more = {"environment": "production", "reference": "main", "state": "failure"}
    sim("deploy", repository=place.full, **more)
    deployment = place.repo.get_deployments()[0]
    assert deployment.get_statuses()[0].state == "failure"
    sim("push", repository=place.full, branch="main", path="x", content="x", by="ada")
    assert place.repo.get_commits().totalCount == 2
    first = list(place.repo.get_commits())[1].sha
    assert place.repo.compare(first, "main").ahead_by == 1


@rule
def a_personal_token_is_a_person():
    place = Place()
    token, login = fresh("ghp"), fresh("ada")
    sim("add_personal_token", token=token, login=login)
    sim("add_collaborator", repository=place.full, login=login, role="read")
    ada = with_token(token)
    assert ada.get_user().login == login
    repo = ada.get_repo(place.full)
    assert repo.get_issues().totalCount == 0
    refused(403, "personal access token", repo.create_issue, "x")


@rule
def deliveries_of_the_app_are_listed():
    error = refused(401, "could not be decoded", with_no_app_token)
    assert isinstance(error, GithubException)


def with_no_app_token():
    place = Place()
    place.github.requester.requestJsonAndCheck("GET", "/app/hook/deliveries")
