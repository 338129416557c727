// Runs, attempts, jobs, logs, artifacts, caches, re-runs, dispatch.

import assert from "node:assert/strict";
import { HOST, client, failing, github, place, refused, repository, rule, run, sim } from "./client.mjs";

const passing = (name = "test") => ({ name, conclusion: "success", log: "ok" });

rule("a run, its jobs and its steps are as described", async () => {
  const { octokit, at, full } = await place();
  const job = { ...failing(), steps: [{ name: "Run tests", conclusion: "failure" }] };
  const run_id = await run(full, [passing("lint"), job]);
  const { data } = await octokit.rest.actions.getWorkflowRun({ ...at, run_id });
  assert.deepEqual([data.status, data.conclusion, data.run_attempt], ["completed", "failure", 1]);
  const jobs = (await octokit.rest.actions.listJobsForWorkflowRun({ ...at, run_id })).data.jobs;
  assert.deepEqual(jobs.map((one) => one.conclusion), ["success", "failure"]);
  assert.deepEqual(jobs[1].steps.map((s) => s.name), ["Set up job", "Run tests", "Complete job"]);
  const one = await octokit.rest.actions.getJobForWorkflowRun({ ...at, job_id: jobs[1].id });
  assert.equal(one.data.run_id, run_id);
  await refused(404, "Not Found", () => octokit.rest.actions.getWorkflowRun({ ...at, run_id: 1 }));
  const flows = (await octokit.rest.actions.listRepoWorkflows(at)).data.workflows;
  assert.deepEqual(flows.map((flow) => flow.path), [".github/workflows/ci.yml"]);
  assert.equal((await octokit.rest.actions.getWorkflow({ ...at, workflow_id: "ci.yml" })).data.name, "CI");
});

rule("runs are filtered", async () => {
  const { octokit, at, full } = await place();
  await run(full, [failing()]);
  await run(full, [passing()]);
  const list = async (more) =>
    (await octokit.rest.actions.listWorkflowRunsForRepo({ ...at, ...more })).data.total_count;
  assert.equal(await list({}), 2);
  assert.equal(await list({ status: "failure" }), 1);
  assert.equal(await list({ branch: "main", status: "completed" }), 2);
  assert.equal(await list({ branch: "other" }), 0);
  const today = new Date().toISOString().slice(0, 10);
  assert.equal(await list({ created: `>=${today}` }), 2);
  assert.equal(await list({ created: `<${today}` }), 0);
  const flow = await octokit.rest.actions.listWorkflowRuns({ ...at, workflow_id: "ci.yml" });
  assert.equal(flow.data.total_count, 2);
});

rule("a job's log is a redirect to another host, which wants no Authorization", async () => {
  const { octokit, at, full } = await place();
  const run_id = await run(full, [failing("boom: it failed")]);
  const { data } = await octokit.rest.actions.listJobsForWorkflowRun({ ...at, run_id });
  const path = { ...at, job_id: data.jobs[0].id };
  const { token } = await octokit.auth({ type: "installation" });
  const url = `${HOST.api}/repos/${full}/actions/jobs/${path.job_id}/logs`;
  const headers = { authorization: `Bearer ${token}`, "user-agent": "test" };
  const first = await fetch(url, { headers, redirect: "manual" });
  assert.equal(first.status, 302);
  const location = first.headers.get("location");
  assert.ok(location.startsWith(HOST.storage), location);
  assert.equal((await fetch(location, { headers })).status, 401);
  const log = await (await fetch(location)).text();
  assert.ok(log.includes("Z boom: it failed") && log.includes("##[error]Process completed"), log);
  const tail = await fetch(location, { headers: { range: "bytes=10-19" } });
  assert.deepEqual([tail.status, (await tail.text()).length], [206, 10]);
  // octokit follows, and does not carry the token to another host.
  const followed = await octokit.rest.actions.downloadJobLogsForWorkflowRun(path);
  assert.ok(String(followed.data).includes("boom"));
  await sim("advance", { millis: 61_000 });
  assert.equal((await fetch(location)).status, 403);
});

rule("the log of a job that runs is not found; those of a run are a zip file", async () => {
  const { octokit, at, full } = await place();
  const plan = { attempts: [{ jobs: [failing()] }] };
  const { id } = await github("run", { repository: full, plan, only_start: true });
  const { data } = await octokit.rest.actions.listJobsForWorkflowRun({ ...at, run_id: id });
  const job_id = data.jobs[0].id;
  await refused(404, "Not Found", () =>
    octokit.rest.actions.downloadJobLogsForWorkflowRun({ ...at, job_id }));
  await github("finish_runs");
  const zip = await octokit.rest.actions.downloadWorkflowRunLogs({ ...at, run_id: id });
  assert.equal(Buffer.from(zip.data).subarray(0, 2).toString(), "PK");
});

rule("failed jobs run again with those that need them, and others keep their result", async () => {
  const { octokit, at, full } = await place();
  const after = { name: "deploy", conclusion: "skipped", needs: ["test"] };
  const second = [passing("lint"), passing("test"), { ...after, conclusion: "success" }];
  const run_id = await run(full, [passing("lint"), failing(), after], second);
  const before = (await octokit.rest.actions.listJobsForWorkflowRun({ ...at, run_id })).data.jobs;
  const again = await octokit.rest.actions.reRunWorkflowFailedJobs({ ...at, run_id });
  assert.equal(again.status, 201);
  await refused(403, "already running", () =>
    octokit.rest.actions.reRunWorkflowFailedJobs({ ...at, run_id }));
  assert.deepEqual((await repository(full)).runs[0].ran, ["test", "deploy"]);
  await github("finish_runs");
  const { data } = await octokit.rest.actions.getWorkflowRun({ ...at, run_id });
  assert.deepEqual([data.run_attempt, data.conclusion], [2, "success"]);
  assert.equal(data.triggering_actor.type, "Bot");
  const old = await octokit.rest.actions.getWorkflowRunAttempt({ ...at, run_id, attempt_number: 1 });
  assert.equal(old.data.conclusion, "failure");
  const all = await octokit.rest.actions.listJobsForWorkflowRun({ ...at, run_id, filter: "all" });
  assert.equal(all.data.total_count, 6);
  const attempt = { ...at, run_id, attempt_number: 1 };
  assert.equal((await octokit.rest.actions.listJobsForWorkflowRunAttempt(attempt)).data.total_count, 3);
  await refused(403, "current attempt", () =>
    octokit.rest.actions.reRunJobForWorkflowRun({ ...at, job_id: before[1].id }));
  await refused(403, "cannot be retried", () =>
    octokit.rest.actions.reRunWorkflowFailedJobs({ ...at, run_id }));
});

rule("a cancelled run has no failed jobs, and is run again as a whole", async () => {
  const { octokit, at, full } = await place();
  const run_id = await run(full, [{ name: "test", conclusion: "cancelled" }], [passing()]);
  await refused(403, "cannot be retried", () =>
    octokit.rest.actions.reRunWorkflowFailedJobs({ ...at, run_id }));
  assert.equal((await octokit.rest.actions.reRunWorkflow({ ...at, run_id })).status, 201);
});

rule("a workflow file that is broken cannot be run again", async () => {
  const { octokit, at, full } = await place();
  const plan = { attempts: [{ conclusion: "startup_failure" }] };
  const run_id = (await github("run", { repository: full, plan })).id;
  const { data } = await octokit.rest.actions.listJobsForWorkflowRun({ ...at, run_id });
  assert.equal(data.total_count, 0);
  await refused(403, "cannot be retried", () => octokit.rest.actions.reRunWorkflow({ ...at, run_id }));
});

rule("a run is run again 50 times, not more, and not after a month", async () => {
  const { octokit, at, full } = await place();
  const run_id = await run(full, [failing()]);
  for (let n = 0; n < 50; n += 1) {
    const again = n % 2 ? "reRunWorkflow" : "reRunWorkflowFailedJobs";
    assert.equal((await octokit.rest.actions[again]({ ...at, run_id })).status, 201);
    await github("finish_runs");
  }
  await refused(403, "50 re-runs", () => octokit.rest.actions.reRunWorkflow({ ...at, run_id }));
  const { data } = await octokit.rest.checks.listForRef({ ...at, ref: "main", check_name: "Re-run limit" });
  assert.equal(data.check_runs[0].conclusion, "failure");
  const plan = { days_old: 31, attempts: [{ jobs: [failing()] }] };
  const old = (await github("run", { repository: full, plan })).id;
  await refused(403, "over a month ago", () =>
    octokit.rest.actions.reRunWorkflowFailedJobs({ ...at, run_id: old }));
});

rule("artifacts are zip files; a name is unique in a run", async () => {
  const { octokit, at, full } = await place();
  const report = (text) => ({ name: "report", files: [["junit.xml", text]] });
  const attempts = [
    { jobs: [failing()], artifacts: [report("<first/>")] },
    { jobs: [passing()], artifacts: [report("<second/>")] },
  ];
  const run_id = (await github("run", { repository: full, plan: { attempts } })).id;
  const list = async () =>
    (await octokit.rest.actions.listWorkflowRunArtifacts({ ...at, run_id })).data.artifacts;
  const [first] = await list();
  const download = { ...at, artifact_id: first.id, archive_format: "zip" };
  const zip = Buffer.from((await octokit.rest.actions.downloadArtifact(download)).data);
  assert.equal(zip.subarray(0, 2).toString(), "PK");
  assert.equal(zip.length, first.size_in_bytes);
  await octokit.rest.actions.reRunWorkflow({ ...at, run_id });
  await github("finish_runs");
  assert.deepEqual((await list()).map((artifact) => artifact.id), [first.id]);
  const one = await octokit.rest.actions.getArtifact({ ...at, artifact_id: first.id });
  assert.equal(one.data.workflow_run.id, run_id);
  assert.equal((await octokit.rest.actions.listArtifactsForRepo({ ...at, name: "x" })).data.total_count, 0);
});

rule("annotations: ten of a level, and that of the failed step", async () => {
  const { octokit, at, full } = await place();
  const annotation = { path: "src/a.rs", line: 3, level: "warning", message: "m" };
  const annotations = Array(12).fill(annotation);
  const run_id = await run(full, [{ ...failing(), annotations }]);
  const { data } = await octokit.rest.actions.listJobsForWorkflowRun({ ...at, run_id });
  const check_run_id = data.jobs[0].id;
  const list = await octokit.rest.checks.listAnnotations({ ...at, check_run_id });
  assert.equal(list.data.length, 11);
  const check = await octokit.rest.checks.get({ ...at, check_run_id });
  assert.deepEqual([check.data.name, check.data.app.slug], ["test", "github-actions"]);
});

rule("caches are listed by the beginning of a key, and deleted by the whole of it", async () => {
  const { octokit, at, full } = await place();
  for (const key of ["cargo-1", "cargo-2", "npm-1"]) {
    await github("add_cache", { repository: full, key, bytes: 10 });
  }
  const list = async (key) =>
    (await octokit.rest.actions.getActionsCacheList({ ...at, key })).data.total_count;
  assert.equal(await list("cargo"), 2);
  const removed = await octokit.rest.actions.deleteActionsCacheByKey({ ...at, key: "cargo-1" });
  assert.equal(removed.data.total_count, 1);
  assert.equal(await list("cargo"), 1);
  await refused(404, "Not Found", () =>
    octokit.rest.actions.deleteActionsCacheByKey({ ...at, key: "cargo" }));
  const { data } = await octokit.rest.actions.getActionsCacheList(at);
  const cache_id = data.actions_caches[0].id;
  await octokit.rest.actions.deleteActionsCacheById({ ...at, cache_id });
  assert.equal((await repository(full)).caches.length, 1);
});

rule("a workflow is dispatched when it says that it can be", async () => {
  const { octokit, at, full } = await place();
  await run(full, [passing()]);
  await github("add_dispatch", { repository: full, name: "Rollback", inputs: ["version"] });
  const start = (workflow_id, more = {}) =>
    octokit.rest.actions.createWorkflowDispatch({ ...at, workflow_id, ref: "main", ...more });
  assert.equal((await start("rollback.yml", { inputs: { version: "1" } })).status, 204);
  assert.equal((await repository(full)).runs.at(-1).event, "workflow_dispatch");
  const named = await start("rollback.yml", { return_run_details: true });
  assert.equal(named.status, 200);
  assert.equal(named.data.workflow_run_id, (await repository(full)).runs.at(-1).id);
  await refused(422, "'workflow_dispatch' trigger", () => start("ci.yml"));
  await refused(422, "Unexpected inputs", () => start("rollback.yml", { inputs: { x: "1" } }));
  await refused(422, "No ref found", () => start("rollback.yml", { ref: "gone" }));
  await refused(404, "Not Found", () => start("gone.yml"));
});

rule("a run that has not ended is cancelled, and one that has is not", async () => {
  const { octokit, at, full } = await place();
  const plan = { attempts: [{ jobs: [passing()] }] };
  const { id } = await github("run", { repository: full, plan, only_start: true });
  const cancel = () => octokit.rest.actions.cancelWorkflowRun({ ...at, run_id: id });
  assert.equal((await cancel()).status, 202);
  assert.equal((await repository(full)).runs[0].conclusion, "cancelled");
  await refused(409, "Cannot cancel", cancel);
});

rule("a token may not write to Actions without the permission", async () => {
  const { installation, at, full } = await place();
  const run_id = await run(full, [failing()]);
  await github("grant", { installation, permissions: { actions: "read" } });
  const { asInstallation } = await import("./client.mjs");
  const octokit = asInstallation(installation);
  assert.equal((await octokit.rest.actions.getWorkflowRun({ ...at, run_id })).status, 200);
  const error = await refused(403, "Resource not accessible by integration", () =>
    octokit.rest.actions.reRunWorkflowFailedJobs({ ...at, run_id }));
  assert.equal(error.response.headers["x-accepted-github-permissions"], "actions=write");
  assert.ok(client);
});
