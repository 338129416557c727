// Webhooks: bodies as described, signatures, deliveries, redelivery.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { HOST, asApp, failing, fault, github, place, rule, run, sim, verify, webhookConforms } from "./client.mjs";

/** An app that answers each webhook with the status that `answer` returns. */
async function app(answer) {
  const heard = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    heard.push({ headers: request.headers, body, payload: JSON.parse(body) });
    response.writeHead(answer(heard.length), { "x-app": "1" }).end("taken");
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  await sim("app_url", { url: `http://127.0.0.1:${server.address().port}` });
  const close = async () => {
    await sim("app_url", { url: null });
    server.close();
  };
  return { heard, close };
}

async function everything(here) {
  const { octokit, at, full } = here;
  const steps = [{ name: "Run tests", conclusion: "failure" }];
  const run_id = await run(full, [{ ...failing(), steps }], [{ name: "test" }]);
  await octokit.rest.actions.reRunWorkflowFailedJobs({ ...at, run_id });
  await github("finish_runs");
  await github("push", { repository: full, branch: "topic", path: "x", content: "x", by: "ada" });
  const pull = await octokit.rest.pulls.create({ ...at, title: "x", head: "topic", base: "main" });
  await github("push", { repository: full, branch: "topic", path: "y", content: "y", by: "ada" });
  const [pull_number, issue_number] = [pull.data.number, pull.data.number];
  await octokit.rest.issues.addLabels({ ...at, issue_number, labels: ["ci"] });
  await octokit.rest.pulls.createReview({ ...at, pull_number, event: "COMMENT", body: "hm" });
  await octokit.rest.issues.createComment({ ...at, issue_number, body: "hello" });
  await octokit.rest.pulls.merge({ ...at, pull_number });
  const issue = (await octokit.rest.issues.create({ ...at, title: "x", labels: ["ci"] })).data;
  const change = { ...at, issue_number: issue.number };
  await octokit.rest.issues.update({ ...change, title: "y", state: "closed" });
  await octokit.rest.issues.update({ ...change, state: "open", labels: [] });
  const made = { repository: full, environment: "production", reference: "main" };
  await github("deploy", { ...made, state: "failure", run: run_id });
  const head_sha = (await octokit.rest.git.getRef({ ...at, ref: "heads/main" })).data.object.sha;
  const check = await octokit.rest.checks.create({ ...at, name: "gate", head_sha });
  const conclusion = "success";
  await octokit.rest.checks.update({ ...at, check_run_id: check.data.id, conclusion });
  await github("suspend", { installation: here.installation, suspended: true });
  await github("suspend", { installation: here.installation, suspended: false });
}

rule("all webhooks have the bodies that GitHub describes", async () => {
  await github("hold_webhooks", { hold: true });
  await github("lose_webhooks");
  await everything(await place());
  const waiting = await github("waiting");
  await github("lose_webhooks");
  await github("hold_webhooks", { hold: false });
  const kinds = new Set(waiting.map(({ event, payload }) => `${event} ${payload.action ?? ""}`.trim()));
  const problems = [];
  for (const { event, payload } of waiting) {
    try {
      webhookConforms(event, payload);
    } catch (error) {
      problems.push(error.message);
    }
  }
  assert.deepEqual([...new Set(problems)], []);
  for (const kind of [
    "workflow_run requested", "workflow_run in_progress", "workflow_run completed",
    "workflow_job queued", "workflow_job completed", "check_run created", "check_run completed",
    "check_suite completed", "push", "pull_request opened", "pull_request synchronize",
    "pull_request labeled", "pull_request closed", "pull_request_review submitted",
    "issue_comment created", "issues opened", "issues closed", "issues reopened", "issues labeled",
    "issues unlabeled", "issues edited", "deployment created", "deployment_status created",
    "installation created", "installation suspend", "installation unsuspend",
  ]) {
    assert.ok(kinds.has(kind), `${kind} is missing among ${[...kinds].join(", ")}`);
  }
});

rule("a webhook is signed, sent once, and recorded with its answer", async () => {
  const { full } = await place();
  const { heard, close } = await app(() => 202);
  try {
    await run(full, [failing()]);
    await github("deliver_webhooks");
    const last = heard.find((one) => one.payload.workflow_run?.status === "completed");
    assert.ok(await verify(HOST.webhook_secret, last.body, last.headers["x-hub-signature-256"]));
    assert.equal(last.headers["x-github-event"], "workflow_run");
    assert.equal(last.headers["x-github-hook-installation-target-type"], "integration");
    assert.equal(last.headers["x-github-hook-installation-target-id"], String(HOST.app_id));
    assert.match(last.headers["user-agent"], /^GitHub-Hookshot\//);
    assert.ok(last.payload.workflow_run.url.startsWith(HOST.api));
    const { data } = await asApp().rest.apps.listWebhookDeliveries();
    const guid = last.headers["x-github-delivery"];
    const mine = data.filter((delivery) => delivery.guid === guid);
    assert.deepEqual(mine.map((one) => [one.status, one.status_code]), [["OK", 202]]);
    const delivery_id = mine[0].id;
    const one = await asApp().rest.apps.getWebhookDelivery({ delivery_id });
    assert.equal(one.data.request.payload.action, "completed");
    assert.equal(one.data.response.payload, "taken");
  } finally {
    await close();
  }
});

rule("what failed is not repeated; it is found over all pages and redelivered with its guid", async () => {
  const { full } = await place();
  const { heard, close } = await app((number) => (number > 40 ? 202 : 503));
  try {
    for (let n = 0; n < 3; n += 1) await run(full, [failing()]);
    await github("deliver_webhooks");
    const sent = heard.length;
    const octokit = asApp();
    const list = octokit.rest.apps.listWebhookDeliveries;
    const all = await octokit.paginate(list, { per_page: 5 });
    const failed = all.filter((one) => one.status_code === 503);
    assert.ok(failed.length > 10 && failed.length === sent, `${failed.length} of ${sent}`);
    const only = await octokit.paginate(list, { per_page: 5, status: "failure" });
    assert.ok(only.length >= failed.length && only.every((one) => one.status !== "OK"));
    assert.equal(failed[0].status, "Invalid HTTP Response: 503");
    const delivery_id = failed[0].id;
    const again = await octokit.rest.apps.redeliverWebhookDelivery({ delivery_id });
    assert.equal(again.status, 202);
    await github("deliver_webhooks");
    assert.equal(heard.length, sent + 1);
    assert.equal(heard.at(-1).headers["x-github-delivery"], failed[0].guid);
    const newest = (await octokit.rest.apps.listWebhookDeliveries()).data[0];
    assert.deepEqual([newest.guid, newest.redelivery], [failed[0].guid, true]);
  } finally {
    await close();
  }
});

rule("a webhook that is lost on the way is recorded, and one whose answer is lost arrived", async () => {
  const { full } = await place();
  const { heard, close } = await app(() => 202);
  try {
    await fault("webhooks/push", { kind: "lose_request" });
    await github("push", { repository: full, branch: "main", path: "a", content: "a", by: "ada" });
    await github("deliver_webhooks");
    const pushes = () => heard.filter((one) => one.headers["x-github-event"] === "push").length;
    assert.equal(pushes(), 0);
    const newest = async () => (await asApp().rest.apps.listWebhookDeliveries()).data[0];
    assert.deepEqual([(await newest()).event, (await newest()).status_code], ["push", 502]);
    await fault("webhooks/push", { kind: "lose_answer" });
    await github("push", { repository: full, branch: "main", path: "b", content: "b", by: "ada" });
    await github("deliver_webhooks");
    assert.equal(pushes(), 1);
    assert.equal((await newest()).status, "timed out");
  } finally {
    await close();
  }
});

rule("a ping says what the App hears", async () => {
  const { heard, close } = await app(() => 200);
  try {
    await github("ping");
    assert.equal(heard.at(-1).headers["x-github-event"], "ping");
    assert.equal(heard.at(-1).payload.hook.app_id, HOST.app_id);
  } finally {
    await close();
  }
});

rule("deliveries are kept for three days, artifacts for ninety", async () => {
  const { octokit, at, full } = await place();
  const files = [["a.xml", "<a/>"]];
  const attempts = [{ jobs: [failing()], artifacts: [{ name: "report", files }] }];
  const run_id = (await github("run", { repository: full, plan: { attempts } })).id;
  const { data } = await octokit.rest.actions.listWorkflowRunArtifacts({ ...at, run_id });
  const artifact_id = data.artifacts[0].id;
  const kept = await asApp().rest.apps.listWebhookDeliveries();
  assert.ok(kept.data.length > 0);
  // The App's clock must follow, so this rule reads with a personal token, and is the last one.
  await github("add_personal_token", { token: "ghp_last", login: "last" });
  await github("add_collaborator", { repository: full, login: "last", role: "write" });
  await sim("advance", { millis: 91 * 86_400_000 });
  const { client } = await import("./client.mjs");
  const { refused } = await import("./client.mjs");
  const last = client("ghp_last");
  const one = await last.rest.actions.getArtifact({ ...at, artifact_id });
  assert.equal(one.data.expired, true);
  const download = { ...at, artifact_id, archive_format: "zip" };
  await refused(410, "expired", () => last.rest.actions.downloadArtifact(download));
  const job_id = (await last.rest.actions.listJobsForWorkflowRun({ ...at, run_id })).data.jobs[0].id;
  await refused(410, "", () => last.rest.actions.downloadJobLogsForWorkflowRun({ ...at, job_id }));
  await sim("advance", { millis: 0 });
});
