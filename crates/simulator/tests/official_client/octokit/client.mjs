// octokit, the simulator's control endpoint, and GitHub's description of its API, for the rules.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import assert from "node:assert/strict";

const require = createRequire(process.env.MODULES + "/package.json");

/** A package that has an entry for `import` only. */
function entry(name) {
  const folder = `${process.env.MODULES}/node_modules/${name}`;
  const main = JSON.parse(readFileSync(`${folder}/package.json`, "utf8")).exports["."];
  const file = main.import ?? main.node?.import ?? main.default;
  return import(`${folder}/${file}`);
}

export const { Octokit } = await entry("@octokit/rest");
export const { createAppAuth } = await entry("@octokit/auth-app");
export const { throttling } = await entry("@octokit/plugin-throttling");
export const { verify } = await entry("@octokit/webhooks-methods");
const Ajv = require("ajv").default;
const formats = require("ajv-formats").default;
const described = process.env.MODULES + "/node_modules/@octokit/openapi/generated/api.github.com.json";
const spec = JSON.parse(readFileSync(described, "utf8"));

/** OpenAPI's `nullable` in the words of JSON Schema. */
function inJsonSchema(node) {
  if (typeof node !== "object" || node === null) return;
  Object.values(node).forEach(inJsonSchema);
  if (node.nullable !== true) return;
  delete node.nullable;
  if (node.enum && !node.enum.includes(null)) node.enum.push(null);
  if (typeof node.type === "string") {
    node.type = [node.type, "null"];
    return;
  }
  const rest = { ...node };
  Object.keys(node).forEach((key) => delete node[key]);
  node.anyOf = [rest, { type: "null" }];
}

inJsonSchema(spec);
const ajv = new Ajv({ strict: false, validateSchema: false, logger: false, allErrors: true });
formats(ajv);
// GitHub's own examples have the empty string, and templates, where the description has a URI.
ajv.addFormat("uri", (text) => text === "" || /^(https?|git|ssh):|^git@/.test(text));
// The addresses of bots have brackets.
ajv.addFormat("email", /^[^@ ]+@[^@ ]+$/);
ajv.addSchema(spec, "github");

export const BASE = process.argv[2];
export const RULES = [];
export const rule = (name, run) => RULES.push([name, run]);
const compiled = new Map();

/** Fails when `body` is not what the description has at this place. */
export function conforms(place, body, what) {
  const path = place.map((part) => String(part).replaceAll("~", "~0").replaceAll("/", "~1"));
  const ref = `github#/${path.map(encodeURIComponent).join("/")}`;
  if (!compiled.has(ref)) compiled.set(ref, ajv.compile({ $ref: ref }));
  const check = compiled.get(ref);
  if (check(body)) return;
  // The list of events in the description of an App lacks newer ones.
  const known = (error) => /performed_via_github_app\/events\/\d+$/.test(error.instancePath);
  if (check.errors.every(known)) return;
  const errors = check.errors.slice(0, 6).map((e) => `${e.instancePath} ${e.message}`);
  throw new Error(`${what} is not as described: ${errors.join("; ")}`);
}

export const checked = new Set();

/** Checks each response of an endpoint against the description. */
function withDescription(octokit) {
  octokit.hook.after("request", (response, options) => {
    const operation = spec.paths[options.url]?.[options.method.toLowerCase()];
    if (!operation) return;
    const schema = operation.responses[response.status]?.content?.["application/json"]?.schema;
    // A redirect has been followed to the storage, which is not described.
    if (operation.responses[302] && response.status === 200) return;
    if (!operation.responses[response.status]) {
      throw new Error(`${operation.operationId} does not answer ${response.status}`);
    }
    if (!schema || typeof response.data !== "object") return;
    checked.add(operation.operationId);
    const place = ["paths", options.url, options.method.toLowerCase(), "responses", response.status];
    conforms([...place, "content", "application/json", "schema"], response.data, operation.operationId);
  });
  return octokit;
}

/** Checks the body of a webhook against the description. */
export function webhookConforms(event, body) {
  const name = [event, body.action].filter(Boolean).join("-").replaceAll("_", "-");
  const found = Object.entries(spec["x-webhooks"]).find(([key]) => key === name);
  assert.ok(found, `there is no webhook ${name}`);
  const place = ["x-webhooks", name, "post", "requestBody", "content", "application/json", "schema"];
  conforms(place, body, `the webhook ${name}`);
}

async function control(path, body) {
  const answer = await fetch(BASE + path, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, `${JSON.stringify(body)}: ${text}`);
  return JSON.parse(text);
}

export const github = (what, more = {}) => control("/__sim/github", { do: what, ...more });
export const sim = (what, more = {}) => control("/__sim/operation", { do: what, ...more });
export const fault = (id, fault, more = {}) =>
  sim("fault", { method: `github/${id}`, times: 1, fault, ...more });
export const world = async () => (await fetch(BASE + "/__sim/github")).json();
export const repository = async (name) =>
  (await world()).repositories.find((repository) => repository.name === name);

export const HOST = await github("describe");
let count = 0;
export const fresh = (word) => `${word}-${++count}`;

/** Without the log lines of octokit, which would hide those of the rules. */
const silent = { debug() {}, info() {}, warn() {}, error() {} };

export function client(auth, more = {}) {
  return withDescription(new Octokit({ baseUrl: HOST.api, auth, log: silent, ...more }));
}

export function asApp(more = {}) {
  const auth = { appId: HOST.app_id, privateKey: HOST.private_key };
  return withDescription(
    new Octokit({ baseUrl: HOST.api, authStrategy: createAppAuth, auth, log: silent, ...more }),
  );
}

export function asInstallation(installationId, more = {}) {
  const auth = { appId: HOST.app_id, privateKey: HOST.private_key, installationId };
  return withDescription(
    new Octokit({ baseUrl: HOST.api, authStrategy: createAppAuth, auth, log: silent, ...more }),
  );
}

/** An account with a repository and an installation, and octokit as that installation. */
export async function place(more = {}) {
  const owner = fresh("org");
  const installation = (await github("install", { login: owner })).id;
  const full = `${owner}/api`;
  await github("add_repository", { name: full, ...more });
  const octokit = asInstallation(installation);
  return { owner, repo: "api", full, installation, octokit, at: { owner, repo: "api" } };
}

export const failing = (log = "error: test failed") => ({
  name: "test", conclusion: "failure", log,
});

export async function run(full, ...attempts) {
  const plan = { workflow: "CI", attempts: attempts.map((jobs) => ({ jobs })) };
  return (await github("run", { repository: full, plan })).id;
}

/** The call is refused with this status, and a message that contains the words. */
export async function refused(status, words, call) {
  let answer;
  try {
    answer = await call();
  } catch (error) {
    if (error.status === undefined) throw error;
    assert.equal(error.status, status, error.message);
    assert.ok(error.message.includes(words), `${error.message} has no ${words}`);
    return error;
  }
  throw new Error(`served with ${answer.status}, but GitHub answers ${status} ${words}`);
}
