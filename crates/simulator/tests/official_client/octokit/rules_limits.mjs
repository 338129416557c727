// Quota, secondary limits, conditional requests, faults.

import assert from "node:assert/strict";
import { Octokit, createAppAuth, HOST, asApp, client, fault, github, place, refused, rule, throttling } from "./client.mjs";

/** octokit with its throttling plugin; `heard` says which limits it recognised. */
function throttled(installationId) {
  const heard = [];
  const hear = (kind) => (seconds) => {
    heard.push([kind, seconds]);
    return false;
  };
  const Throttled = Octokit.plugin(throttling);
  const octokit = new Throttled({
    baseUrl: HOST.api,
    authStrategy: createAppAuth,
    auth: { appId: HOST.app_id, privateKey: HOST.private_key, installationId },
    throttle: { onRateLimit: hear("primary"), onSecondaryRateLimit: hear("secondary") },
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  return { octokit, heard };
}

rule("each response counts the quota down, and /rate_limit is free", async () => {
  const { octokit, at } = await place();
  const left = async () => {
    const { headers } = await octokit.rest.repos.get(at);
    assert.equal(headers["x-ratelimit-limit"], "5000");
    return Number(headers["x-ratelimit-remaining"]);
  };
  const before = await left();
  const free = await octokit.rest.rateLimit.get();
  assert.equal(free.data.resources.core.remaining, before);
  assert.equal(await left(), before - 1);
});

rule("an unchanged list is 304, and free", async () => {
  const { octokit, at } = await place();
  const first = await octokit.rest.issues.listForRepo(at);
  const headers = { "if-none-match": first.headers.etag };
  const error = await refused(304, "", () => octokit.rest.issues.listForRepo({ ...at, headers }));
  assert.equal(error.response.headers.etag, first.headers.etag);
  const { headers: after } = await octokit.rest.repos.get(at);
  const used = Number(first.headers["x-ratelimit-remaining"]) - Number(after["x-ratelimit-remaining"]);
  assert.equal(used, 1);
  await octokit.rest.issues.create({ ...at, title: "x" });
  assert.equal((await octokit.rest.issues.listForRepo({ ...at, headers })).status, 200);
});

for (const status of [403, 429]) {
  rule(`a spent quota is a primary limit to octokit, as ${status}`, async () => {
    const { installation, at } = await place();
    const { octokit, heard } = throttled(installation);
    await octokit.rest.repos.get(at);
    await github("limit", { status });
    await github("quota", { installation, remaining: 0, resets_in: 120 });
    const error = await refused(status, "rate limit exceeded", () => octokit.rest.repos.get(at));
    assert.equal(error.response.headers["x-ratelimit-remaining"], "0");
    const reset = Number(error.response.headers["x-ratelimit-reset"]);
    assert.ok(reset > Date.now() / 1000, reset);
    assert.equal(heard[0][0], "primary");
    assert.ok(heard[0][1] > 60 && heard[0][1] <= 240, heard);
    // Another installation has its own quota.
    const other = await place();
    assert.equal((await other.octokit.rest.repos.get(other.at)).status, 200);
  });

  for (const retry_after of [7, null]) {
    rule(`a secondary limit is one to octokit, as ${status} with retry-after ${retry_after}`, async () => {
      const { installation, at } = await place();
      const { octokit, heard } = throttled(installation);
      await fault("repos/get", { kind: "secondary_limit", status, retry_after });
      const call = () => octokit.rest.repos.get(at);
      const error = await refused(status, "secondary rate limit", call);
      assert.equal(error.response.headers["retry-after"], retry_after ? "7" : undefined);
      assert.deepEqual(heard, [["secondary", retry_after ?? 60]]);
      assert.equal((await call()).status, 200);
    });
  }
}

rule("a missing permission is no limit to octokit", async () => {
  const { installation, at } = await place();
  await github("grant", { installation, permissions: {} });
  const { octokit, heard } = throttled(installation);
  await refused(403, "Resource not accessible", () => octokit.rest.issues.create({ ...at, title: "x" }));
  assert.deepEqual(heard, []);
});

rule("eighty created contents a minute, and no more", async () => {
  const { octokit, at } = await place();
  await github("limit", { secondary: true });
  for (let n = 0; n < 80; n += 1) await octokit.rest.issues.create({ ...at, title: `n${n}` });
  const error = await refused(403, "secondary rate limit", () =>
    octokit.rest.issues.create({ ...at, title: "one more" }));
  assert.ok(error.response.headers["retry-after"]);
});

rule("a fault meets one repository, and the effect is as it says", async () => {
  const { octokit, at, full } = await place();
  const other = await place();
  const bad = { kind: "done_but_status", status: 502 };
  await fault("issues/create", bad, { channel: full });
  await other.octokit.rest.issues.create({ ...other.at, title: "x" });
  await refused(502, "Server Error", () => octokit.rest.issues.create({ ...at, title: "made" }));
  assert.equal((await octokit.rest.issues.listForRepo(at)).data.length, 1);
  await fault("issues/create", { kind: "status", status: 502 });
  await refused(502, "Server Error", () => octokit.rest.issues.create({ ...at, title: "not made" }));
  await fault("issues/create", { kind: "lose_answer" });
  await assert.rejects(octokit.rest.issues.create({ ...at, title: "made too" }));
  assert.equal((await octokit.rest.issues.listForRepo(at)).data.length, 2);
});

rule("a token that ends early is 401, and octokit tries once more while it is new", async () => {
  const { octokit, at } = await place();
  const { token } = await octokit.auth({ type: "installation" });
  await fault("repos/get", { kind: "status", status: 401 });
  await refused(401, "Bad credentials", () => client(token).rest.repos.get(at));
  await fault("repos/get", { kind: "status", status: 401 });
  assert.equal((await octokit.rest.repos.get(at)).status, 200);
  assert.ok((await asApp().rest.apps.getAuthenticated()).headers["x-ratelimit-limit"]);
});
