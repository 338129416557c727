// Issues, comments, labels, search, pages.

import assert from "node:assert/strict";
import { github, place, refused, repository, rule, sim } from "./client.mjs";

rule("an issue is opened, changed, closed and opened again", async () => {
  const { octokit, at, full } = await place();
  const { issues } = octokit.rest;
  const made = await issues.create({ ...at, title: "Flaky", body: "one", labels: ["flaky-test"] });
  const issue_number = made.data.number;
  assert.equal(made.status, 201);
  assert.deepEqual([made.data.user.type, made.data.state], ["Bot", "open"]);
  await issues.update({ ...at, issue_number, body: "two" });
  const closed = await issues.update({ ...at, issue_number, state: "closed", state_reason: "completed" });
  assert.deepEqual([closed.data.state, closed.data.state_reason], ["closed", "completed"]);
  const open = await issues.update({ ...at, issue_number, state: "open" });
  assert.equal(open.data.state_reason, "reopened");
  const seen = (await repository(full)).issues[0];
  assert.deepEqual([seen.body, seen.open, seen.reopened], ["two", true, 1]);
  assert.equal((await issues.get({ ...at, issue_number })).data.performed_via_github_app.id, 4711);
});

rule("issues are listed by label and state", async () => {
  const { octokit, at } = await place();
  const { issues } = octokit.rest;
  await issues.create({ ...at, title: "a", labels: ["ci", "x"] });
  const b = await issues.create({ ...at, title: "b", labels: ["ci"] });
  await issues.update({ ...at, issue_number: b.data.number, state: "closed" });
  const list = async (more) => (await issues.listForRepo({ ...at, ...more })).data.map((i) => i.title);
  assert.deepEqual(await list({ labels: "ci" }), ["a"]);
  assert.deepEqual(await list({ labels: "ci", state: "all" }), ["b", "a"]);
  assert.deepEqual(await list({ labels: "ci,x", state: "all" }), ["a"]);
  assert.deepEqual(await list({ labels: "CI", state: "closed" }), ["b"]);
});

rule("what is too long, missing or in no issue is refused", async () => {
  const { octokit, at } = await place();
  const { issues } = octokit.rest;
  const error = await refused(422, "Validation Failed", () => issues.create({ ...at, title: "" }));
  assert.equal(error.response.data.errors[0].code, "missing_field");
  await refused(422, "Validation Failed", () =>
    issues.create({ ...at, title: "x", body: "y".repeat(65_537) }));
  await refused(404, "Not Found", () => issues.get({ ...at, issue_number: 99 }));
  await refused(404, "Not Found", () => issues.createComment({ ...at, issue_number: 99, body: "x" }));
});

rule("comments are made, edited, listed and deleted", async () => {
  const { octokit, at, full } = await place();
  const { issues } = octokit.rest;
  const issue_number = (await issues.create({ ...at, title: "x" })).data.number;
  const one = await issues.createComment({ ...at, issue_number, body: "<!-- marker -->" });
  const comment_id = one.data.id;
  await issues.updateComment({ ...at, comment_id, body: "edited" });
  assert.deepEqual((await repository(full)).comments.map((c) => [c.body, c.edits]), [["edited", 1]]);
  assert.equal((await issues.getComment({ ...at, comment_id })).data.body, "edited");
  assert.equal((await issues.listCommentsForRepo(at)).data.length, 1);
  const since = new Date(Date.now() + 600_000).toISOString().slice(0, 19) + "Z";
  assert.equal((await issues.listComments({ ...at, issue_number, since })).data.length, 0);
  assert.equal((await issues.get({ ...at, issue_number })).data.comments, 1);
  await issues.deleteComment({ ...at, comment_id });
  assert.equal((await issues.listComments({ ...at, issue_number })).data.length, 0);
});

rule("labels are made once, and an unknown one is made with its issue", async () => {
  const { octokit, at } = await place();
  const { issues } = octokit.rest;
  await issues.createLabel({ ...at, name: "flaky-test", color: "ff0000", description: "d" });
  const error = await refused(422, "Validation Failed", () =>
    issues.createLabel({ ...at, name: "Flaky-Test", color: "ff0000" }));
  assert.equal(error.response.data.errors[0].code, "already_exists");
  const issue_number = (await issues.create({ ...at, title: "x" })).data.number;
  await issues.addLabels({ ...at, issue_number, labels: ["new one", "flaky-test"] });
  await issues.addLabels({ ...at, issue_number, labels: ["flaky-test"] });
  assert.equal((await issues.listLabelsOnIssue({ ...at, issue_number })).data.length, 2);
  assert.equal((await issues.getLabel({ ...at, name: "new one" })).data.color, "ededed");
  await issues.removeLabel({ ...at, issue_number, name: "new one" });
  await refused(404, "Label does not exist", () =>
    issues.removeLabel({ ...at, issue_number, name: "new one" }));
  await issues.setLabels({ ...at, issue_number, labels: ["z"] });
  await issues.removeAllLabels({ ...at, issue_number });
  await issues.updateLabel({ ...at, name: "z", color: "00ff00" });
  await issues.deleteLabel({ ...at, name: "z" });
  assert.equal((await issues.listLabelsForRepo(at)).data.length, 2);
});

rule("all pages are reached by their links, which name the repository by its id", async () => {
  const { octokit, at } = await place();
  for (let n = 0; n < 45; n += 1) await octokit.rest.issues.create({ ...at, title: `n${n}` });
  const first = await octokit.rest.issues.listForRepo({ ...at, per_page: 20 });
  assert.match(first.headers.link, /repositories\/\d+\/issues\?per_page=20&page=2>; rel="next"/);
  const all = await octokit.paginate(octokit.rest.issues.listForRepo, { ...at, per_page: 20 });
  assert.equal(new Set(all.map((issue) => issue.number)).size, 45);
  assert.equal((await octokit.rest.issues.listForRepo(at)).data.length, 30);
  assert.equal((await octokit.rest.issues.listForRepo({ ...at, per_page: 500 })).data.length, 45);
  const past = await octokit.rest.issues.listForRepo({ ...at, page: 9 });
  assert.deepEqual(past.data, []);
});

rule("a search finds what is old enough, by its words, label and state", async () => {
  const { octokit, at, full } = await place();
  const { issues, search } = octokit.rest;
  await issues.create({ ...at, title: "Flaky", body: "<!-- sig:abc -->", labels: ["flaky-test"] });
  const q = `repo:${full} is:issue state:open label:"flaky-test" "sig:abc"`;
  const find = async () => (await search.issuesAndPullRequests({ q })).data.total_count;
  assert.equal(await find(), 0);
  await sim("advance", { millis: 11_000 });
  assert.equal(await find(), 1);
});

rule("a person acts beside the App", async () => {
  const { octokit, at, full } = await place();
  const body = { title: "from a person", labels: ["help"] };
  await github("act", { login: "grace", verb: "POST", path: `/repos/${full}/issues`, body });
  const { data } = await octokit.rest.issues.listForRepo(at);
  assert.deepEqual([data[0].user.login, data[0].user.type], ["grace", "User"]);
});
