// Authentication, tokens, permissions, visibility.

import assert from "node:assert/strict";
import { createHmac, createPrivateKey, createSign, generateKeyPairSync } from "node:crypto";
import { request as plain } from "node:http";
import { HOST, asApp, asInstallation, client, fresh, github, place, refused, rule } from "./client.mjs";

const now = () => Math.floor(Date.now() / 1000);
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

function webToken(claims, key = HOST.private_key, alg = "RS256") {
  const signed = `${part({ alg, typ: "JWT" })}.${part(claims)}`;
  const signature =
    alg === "RS256"
      ? createSign("RSA-SHA256").update(signed).sign(createPrivateKey(key)).toString("base64url")
      : createHmac("sha256", key).update(signed).digest("base64url");
  return `${signed}.${signature}`;
}

const good = () => ({ iss: HOST.app_id, iat: now() - 60, exp: now() + 540 });
const app = (claims, ...more) => client(webToken(claims, ...more)).rest.apps.getAuthenticated();

rule("the App is who it says it is", async () => {
  const { data } = await asApp().rest.apps.getAuthenticated();
  assert.equal(data.id, HOST.app_id);
  assert.ok(data.events.includes("workflow_run"));
  assert.equal((await app(good())).status, 200);
});

rule("a web token that is signed with another key is refused", async () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const other = privateKey.export({ type: "pkcs1", format: "pem" });
  await refused(401, "could not be decoded", () => app(good(), other));
});

rule("a web token with another algorithm is refused", () =>
  refused(401, "could not be decoded", () => app(good(), "secret", "HS256")));

rule("a web token must end in the future, and within ten minutes", async () => {
  await refused(401, "('exp')", () => app({ ...good(), exp: now() - 60 }));
  await refused(401, "too far in the future", () => app({ ...good(), exp: now() + 900 }));
  await refused(401, "('exp')", () => app({ iss: HOST.app_id, iat: now() }));
});

rule("a web token must be issued in the past; a few seconds are tolerated", async () => {
  await refused(401, "('iat')", () => app({ ...good(), iat: now() + 120 }));
  assert.equal((await app({ ...good(), iat: now() + 10 })).status, 200);
});

rule("a web token names its App", async () => {
  await refused(401, "('iss')", () => app({ ...good(), iss: undefined }));
  await refused(404, "Integration not found", () => app({ ...good(), iss: 1 }));
});

rule("the App's endpoints take no other token", async () => {
  const { octokit } = await place();
  const { token } = await octokit.auth({ type: "installation" });
  await refused(401, "could not be decoded", () => client(token).rest.apps.getAuthenticated());
});

rule("a token says what it may, for what, and until when", async () => {
  const { installation, full } = await place();
  const { data } = await asApp().rest.apps.createInstallationAccessToken({
    installation_id: installation, repositories: ["api"], permissions: { actions: "read" },
  });
  assert.deepEqual(data.permissions, { actions: "read", metadata: "read" });
  assert.deepEqual(data.repositories.map((r) => r.full_name), [full]);
  const hours = (new Date(data.expires_at) - Date.now()) / 3_600_000;
  assert.ok(hours > 0.9 && hours <= 1, data.expires_at);
  assert.ok(data.token.startsWith("ghs_"));
});

rule("a token can be narrowed and not widened", async () => {
  const { installation } = await place();
  const ask = (more) =>
    asApp().rest.apps.createInstallationAccessToken({ installation_id: installation, ...more });
  await refused(422, "not granted", () => ask({ permissions: { administration: "write" } }));
  await refused(422, "at least one repository", () => ask({ repositories: ["other"] }));
});

rule("a suspended installation gets no token, and a missing one is not found", async () => {
  const { installation, octokit, at } = await place();
  await octokit.rest.repos.get(at);
  await github("suspend", { installation, suspended: true });
  await refused(403, "suspended", () =>
    asApp().rest.apps.createInstallationAccessToken({ installation_id: installation }));
  await refused(403, "suspended", () => octokit.rest.repos.get(at));
  await refused(404, "Not Found", () =>
    asApp().rest.apps.createInstallationAccessToken({ installation_id: 1 }));
});

rule("an installation is found by its repository and its account", async () => {
  const { installation, at, owner } = await place();
  const apps = asApp().rest.apps;
  assert.equal((await apps.getRepoInstallation(at)).data.id, installation);
  assert.equal((await apps.getOrgInstallation({ org: owner })).data.id, installation);
  const all = await asApp().paginate(apps.listInstallations);
  assert.ok(all.some((one) => one.id === installation));
});

rule("a wrong token is refused, also for a public repository", async () => {
  const { at } = await place({ public: true });
  await refused(401, "Bad credentials", () => client("ghs_wrong").rest.repos.get(at));
});

rule("tokens that ended are refused", async () => {
  const { octokit, at } = await place();
  const { token } = await octokit.auth({ type: "installation" });
  await client(token).rest.repos.get(at);
  await github("expire_tokens");
  await refused(401, "Bad credentials", () => client(token).rest.repos.get(at));
});

rule("a missing permission is 403 and names what would do", async () => {
  const { installation, at, full } = await place();
  await github("grant", { installation, permissions: { issues: "read", actions: "read" } });
  const octokit = asInstallation(installation);
  const create = () => octokit.rest.issues.create({ ...at, title: "x" });
  const error = await refused(403, "Resource not accessible by integration", create);
  assert.equal(error.response.headers["x-accepted-github-permissions"], "issues=write");
  assert.equal((await octokit.rest.issues.listForRepo(at)).status, 200);
  await refused(403, "not accessible", () => octokit.rest.checks.listForRef({ ...at, ref: "main" }));
  assert.ok(full);
});

rule("what is private is not found by others", async () => {
  const mine = await place();
  const other = await place();
  await refused(404, "Not Found", () => mine.octokit.rest.repos.get(other.at));
  await refused(404, "Not Found", () => mine.octokit.rest.issues.create({ ...other.at, title: "x" }));
  await refused(404, "Not Found", () => client().rest.repos.get(mine.at));
});

rule("what is public is read by all and written by few", async () => {
  const mine = await place();
  const open = await place({ public: true });
  assert.equal((await mine.octokit.rest.issues.listForRepo(open.at)).status, 200);
  assert.equal((await client().rest.repos.get(open.at)).data.private, false);
  await refused(403, "Resource not accessible by integration", () =>
    mine.octokit.rest.issues.create({ ...open.at, title: "x" }));
});

rule("a personal token acts as its person, where that person works", async () => {
  const { at, full } = await place();
  const [token, login] = [fresh("ghp"), fresh("ada")];
  await github("add_personal_token", { token, login });
  await refused(404, "Not Found", () => client(token).rest.repos.get(at));
  await github("add_collaborator", { repository: full, login, role: "write" });
  const ada = client(token).rest;
  assert.equal((await ada.users.getAuthenticated()).data.login, login);
  assert.equal((await ada.issues.create({ ...at, title: "x" })).data.user.login, login);
  assert.equal((await client(token).paginate(ada.repos.listForAuthenticatedUser)).length, 1);
  const level = { ...at, username: login };
  const role = await ada.repos.getCollaboratorPermissionLevel(level);
  assert.equal(role.data.permission, "write");
  await refused(401, "could not be decoded", () => ada.apps.getAuthenticated());
});

rule("an installation is no person", async () => {
  const { octokit } = await place();
  await refused(403, "Resource not accessible", () => octokit.rest.users.getAuthenticated());
  const { data } = await octokit.rest.apps.listReposAccessibleToInstallation();
  assert.deepEqual([data.total_count, data.repository_selection], [1, "all"]);
});

rule("a revoked token is refused", async () => {
  const { octokit, at } = await place();
  const { token } = await octokit.auth({ type: "installation" });
  await client(token).rest.apps.revokeInstallationAccessToken();
  await refused(401, "Bad credentials", () => client(token).rest.repos.get(at));
});

rule("a request without a User-Agent is refused, and so is an unknown version", async () => {
  const status = await new Promise((done) => {
    plain(HOST.api + "/meta", (answer) => done(answer.resume().statusCode)).end();
  });
  assert.equal(status, 403);
  const headers = { "x-github-api-version": "1999-01-01" };
  await refused(400, "not a supported version", () => client().request("GET /meta", { headers }));
});

rule("the same API is below /api/v3, and its URLs stay there", async () => {
  const { installation, at } = await place();
  const enterprise = asInstallation(installation, { baseUrl: HOST.enterprise });
  for (let n = 0; n < 3; n += 1) await enterprise.rest.issues.create({ ...at, title: `n${n}` });
  const { data, headers } = await enterprise.rest.issues.listForRepo({ ...at, per_page: 2 });
  assert.ok(data[0].url.startsWith(HOST.enterprise + "/repos/"), data[0].url);
  assert.ok(headers.link.includes(HOST.enterprise + "/repositories/"), headers.link);
  const all = await enterprise.paginate(enterprise.rest.issues.listForRepo, { ...at, per_page: 2 });
  assert.equal(all.length, 3);
});
