// Files, commits, references, pull requests, checks, statuses, deployments.

import assert from "node:assert/strict";
import { client, fresh, github, place, refused, repository, rule, run } from "./client.mjs";

const encoded = (text) => Buffer.from(text).toString("base64");

async function branchWithFile({ octokit, at }, branch, path, text) {
  const { git, repos } = octokit.rest;
  const head = await git.getRef({ ...at, ref: "heads/main" });
  await git.createRef({ ...at, ref: `refs/heads/${branch}`, sha: head.data.object.sha });
  const content = encoded(text);
  return repos.createOrUpdateFileContents({ ...at, path, branch, message: "m", content });
}

rule("a file of the default branch is read, as JSON and raw", async () => {
  const { octokit, at, full } = await place();
  const path = ".github/settings.yml";
  await github("push", { repository: full, branch: "main", path, content: "off\n", by: "ada" });
  const { data } = await octokit.rest.repos.getContent({ ...at, path });
  assert.equal(Buffer.from(data.content, "base64").toString(), "off\n");
  const mediaType = { format: "raw" };
  assert.equal((await octokit.rest.repos.getContent({ ...at, path, mediaType })).data, "off\n");
  await refused(404, "Not Found", () => octokit.rest.repos.getContent({ ...at, path: "gone" }));
  await refused(404, "No commit found", () => octokit.rest.repos.getContent({ ...at, path, ref: "x" }));
  const folder = await octokit.rest.repos.getContent({ ...at, path: ".github" });
  assert.deepEqual(folder.data.map((entry) => entry.name), ["settings.yml"]);
});

rule("a pull request that edits a file is opened once", async () => {
  const here = await place();
  const { octokit, at, full, owner } = here;
  const written = await branchWithFile(here, "quarantine", "list.txt", "a\nb\n");
  assert.equal(written.status, 201);
  const { pulls, git, repos } = octokit.rest;
  const open = () => pulls.create({ ...at, title: "Quarantine", head: "quarantine", base: "main" });
  const made = await open();
  assert.equal(made.data.changed_files, 1);
  const error = await refused(422, "Validation Failed", open);
  assert.match(error.response.data.errors[0].message, /already exists for/);
  const found = await pulls.list({ ...at, head: `${owner}:quarantine`, state: "open" });
  assert.equal(found.data.length, 1);
  const pull_number = made.data.number;
  assert.equal((await pulls.listFiles({ ...at, pull_number })).data[0].filename, "list.txt");
  assert.equal((await pulls.listCommits({ ...at, pull_number })).data.length, 1);
  const commit_sha = made.data.head.sha;
  const of = await repos.listPullRequestsAssociatedWithCommit({ ...at, commit_sha });
  assert.equal(of.data[0].number, pull_number);
  assert.equal((await octokit.rest.issues.get({ ...at, issue_number: pull_number })).data.draft, false);
  const update = { ...at, path: "list.txt", branch: "quarantine", message: "m", content: encoded("x") };
  await refused(409, "does not match", () =>
    repos.createOrUpdateFileContents({ ...update, sha: "0".repeat(40) }));
  await refused(422, "wasn't supplied", () => repos.createOrUpdateFileContents(update));
  await refused(409, "Head branch was modified", () =>
    pulls.merge({ ...at, pull_number, sha: "0".repeat(40) }));
  assert.equal((await pulls.merge({ ...at, pull_number })).data.merged, true);
  assert.equal((await pulls.get({ ...at, pull_number })).data.merged, true);
  await refused(405, "not mergeable", () => pulls.merge({ ...at, pull_number }));
  await git.deleteRef({ ...at, ref: "heads/quarantine" });
  assert.deepEqual((await repository(full)).branches, ["main"]);
});

rule("a pull request is changed and closed", async () => {
  const here = await place();
  const { octokit, at } = here;
  await branchWithFile(here, "x", "x.txt", "x");
  const made = await octokit.rest.pulls.create({ ...at, title: "x", head: "x", base: "main" });
  const pull_number = made.data.number;
  await octokit.rest.pulls.update({ ...at, pull_number, title: "y" });
  const closed = await octokit.rest.pulls.update({ ...at, pull_number, state: "closed" });
  assert.deepEqual([closed.data.title, closed.data.state], ["y", "closed"]);
  await refused(422, "Validation Failed", () =>
    octokit.rest.pulls.create({ ...at, title: "x", head: "gone", base: "main" }));
  const review = { ...at, pull_number, event: "COMMENT", body: "hm" };
  assert.equal((await octokit.rest.pulls.createReview(review)).data.state, "COMMENTED");
  assert.equal((await octokit.rest.pulls.listReviews({ ...at, pull_number })).data.length, 1);
});

rule("references are made once, moved forward, and deleted once", async () => {
  const { octokit, at, full } = await place();
  const { git } = octokit.rest;
  const first = (await git.getRef({ ...at, ref: "heads/main" })).data.object.sha;
  const make = () => git.createRef({ ...at, ref: "refs/heads/a/b", sha: first });
  await make();
  await refused(422, "Reference already exists", make);
  const more = { branch: "main", path: "x", content: "x", by: "ada" };
  const { sha } = await github("push", { repository: full, ...more });
  assert.equal((await git.updateRef({ ...at, ref: "heads/a/b", sha })).data.object.sha, sha);
  await refused(422, "not a fast forward", () => git.updateRef({ ...at, ref: "heads/a/b", sha: first }));
  assert.equal((await git.listMatchingRefs({ ...at, ref: "heads/a" })).data.length, 1);
  await git.deleteRef({ ...at, ref: "heads/a/b" });
  await refused(422, "does not exist", () => git.deleteRef({ ...at, ref: "heads/a/b" }));
  await refused(404, "Not Found", () => git.getRef({ ...at, ref: "heads/a/b" }));
});

rule("several files are committed by the git database", async () => {
  const { octokit, at } = await place();
  const { git } = octokit.rest;
  const parent = (await git.getRef({ ...at, ref: "heads/main" })).data.object.sha;
  const base = (await git.getCommit({ ...at, commit_sha: parent })).data.tree.sha;
  const blob = await git.createBlob({ ...at, content: encoded("b"), encoding: "base64" });
  const file = { mode: "100644", type: "blob" };
  const tree = await git.createTree({
    ...at, base_tree: base,
    tree: [{ ...file, path: "a", content: "a" }, { ...file, path: "d/b", sha: blob.data.sha }],
  });
  const commit = { ...at, message: "two", tree: tree.data.sha, parents: [parent] };
  const { sha } = (await git.createCommit(commit)).data;
  await git.updateRef({ ...at, ref: "heads/main", sha });
  const all = await git.getTree({ ...at, tree_sha: "main", recursive: "1" });
  assert.deepEqual(all.data.tree.map((entry) => entry.path), ["README.md", "a", "d/b"]);
  assert.equal((await git.getBlob({ ...at, file_sha: blob.data.sha })).data.content, encoded("b"));
});

rule("files of workflows need a permission of their own", async () => {
  const here = await place();
  await refused(403, "without `workflows` permission", () =>
    branchWithFile(here, "w", ".github/workflows/x.yml", "on: push"));
});

rule("commits are listed and compared", async () => {
  const { octokit, at, full } = await place();
  const { repos } = octokit.rest;
  const push = async (branch, path) =>
    (await github("push", { repository: full, branch, path, content: "1\n", by: "ada" })).sha;
  await push("topic", "t");
  await push("main", "m");
  const { data } = await repos.compareCommitsWithBasehead({ ...at, basehead: "main...topic" });
  assert.deepEqual([data.status, data.ahead_by, data.behind_by], ["diverged", 1, 1]);
  assert.deepEqual(data.files.map((file) => file.filename), ["t"]);
  assert.equal((await repos.listCommits({ ...at, sha: "main" })).data.length, 2);
  assert.equal((await repos.listCommits({ ...at, path: "m" })).data.length, 1);
  assert.equal((await repos.getCommit({ ...at, ref: "topic" })).data.files[0].status, "added");
  await refused(422, "No commit found", () => repos.getCommit({ ...at, ref: "f".repeat(40) }));
  assert.deepEqual((await repos.listBranches(at)).data.map((b) => b.name), ["main", "topic"]);
  assert.equal((await repos.getBranch({ ...at, branch: "topic" })).data.name, "topic");
});

rule("a check run is the App's own, found by its name and its external id", async () => {
  const { octokit, at, full, installation } = await place();
  const { checks } = octokit.rest;
  const head_sha = (await octokit.rest.git.getRef({ ...at, ref: "heads/main" })).data.object.sha;
  const annotation = { path: "a", start_line: 1, end_line: 1, annotation_level: "notice", message: "m" };
  const output = (n) => ({ title: "t", summary: "s", annotations: Array(n).fill(annotation) });
  const made = await checks.create({
    ...at, name: "gate", head_sha, external_id: "uuid", status: "in_progress", output: output(2),
  });
  const check_run_id = made.data.id;
  await checks.update({ ...at, check_run_id, conclusion: "failure", output: output(1) });
  const found = await checks.listForRef({ ...at, ref: "main", check_name: "gate" });
  assert.deepEqual(found.data.check_runs.map((c) => [c.external_id, c.status]), [["uuid", "completed"]]);
  assert.equal((await checks.listAnnotations({ ...at, check_run_id })).data.length, 3);
  await refused(422, "50 annotations", () =>
    checks.update({ ...at, check_run_id, output: output(51) }));
  await refused(422, "wasn't supplied", () =>
    checks.update({ ...at, check_run_id, output: { title: "t" } }));
  const missing = { ...at, name: "x", head_sha: "f".repeat(40) };
  await refused(422, "No commit found", () => checks.create(missing));
  const run_id = await run(full, [{ name: "test", conclusion: "failure" }]);
  const { data } = await octokit.rest.actions.listJobsForWorkflowRun({ ...at, run_id });
  await refused(403, "Invalid app_id", () =>
    checks.update({ ...at, check_run_id: data.jobs[0].id, conclusion: "success" }));
  const suites = (await checks.listSuitesForRef({ ...at, ref: "main" })).data;
  assert.equal(suites.total_count, 2);
  const check_suite_id = suites.check_suites[0].id;
  assert.equal((await checks.getSuite({ ...at, check_suite_id })).data.id, check_suite_id);
  assert.equal((await checks.listForSuite({ ...at, check_suite_id })).data.total_count, 1);
  assert.ok(installation);
});

rule("a person makes no check runs", async () => {
  const { at, full, octokit } = await place();
  const [token, login] = [fresh("ghp"), fresh("ada")];
  await github("add_personal_token", { token, login });
  await github("add_collaborator", { repository: full, login, role: "write" });
  const head_sha = (await octokit.rest.git.getRef({ ...at, ref: "heads/main" })).data.object.sha;
  await refused(403, "via a GitHub App", () =>
    client(token).rest.checks.create({ ...at, name: "x", head_sha }));
});

rule("the newest status of each context counts", async () => {
  const { octokit, at } = await place();
  const sha = (await octokit.rest.git.getRef({ ...at, ref: "heads/main" })).data.object.sha;
  const { repos } = octokit.rest;
  for (const state of ["pending", "failure", "success"]) {
    await repos.createCommitStatus({ ...at, sha, state, context: "gate" });
  }
  const all = await repos.listCommitStatusesForRef({ ...at, ref: "main" });
  assert.equal(all.data.length, 3);
  const { data } = await repos.getCombinedStatusForRef({ ...at, ref: "main" });
  assert.deepEqual([data.state, data.total_count], ["success", 1]);
});

rule("deployments have statuses", async () => {
  const { octokit, at, full } = await place();
  const { repos } = octokit.rest;
  const more = { repository: full, reference: "main", state: "failure" };
  const { id } = await github("deploy", { ...more, environment: "production" });
  const list = await repos.listDeployments({ ...at, environment: "production" });
  assert.equal(list.data[0].id, id);
  const statuses = await repos.listDeploymentStatuses({ ...at, deployment_id: id });
  assert.equal(statuses.data[0].state, "failure");
  const made = await repos.createDeployment({ ...at, ref: "main", environment: "staging" });
  assert.equal(made.status, 201);
  const deployment_id = made.data.id;
  await repos.createDeploymentStatus({ ...at, deployment_id, state: "success" });
  assert.equal((await repos.getDeployment({ ...at, deployment_id })).data.environment, "staging");
});
