// What octokit sees of docs/github.md as it is followed: octokit_first_run.mjs BASE STEP JSON.

import assert from "node:assert/strict";

const { HOST, asApp, asInstallation } = await import(`${process.env.RULES}/client.mjs`);
const [step, given] = [process.argv[3], JSON.parse(process.argv[4])];

const steps = {
  /** The App has what the document says, and its webhook was answered as the document says. */
  async installed({ app_id, permissions, events }) {
    const { apps } = asApp().rest;
    const { data } = await apps.getAuthenticated();
    assert.equal(String(data.id), app_id);
    assert.deepEqual(data.permissions, permissions);
    assert.deepEqual([...data.events].sort(), events);
    const ping = (await apps.listWebhookDeliveries()).data.find(({ event }) => event === "ping");
    assert.deepEqual([ping.status, ping.status_code], ["OK", 200]);
    const { response } = (await apps.getWebhookDelivery({ delivery_id: ping.id })).data;
    assert.deepEqual(JSON.parse(response.payload), { status: "pong" });
  },
  /** The run was repeated once, by the App, and its deliveries were accepted. */
  async healed({ installation, owner, repo, run_id }) {
    const { actions } = asInstallation(installation).rest;
    const { data } = await actions.getWorkflowRun({ owner, repo, run_id });
    assert.deepEqual([data.run_attempt, data.conclusion], [2, "success"]);
    assert.equal(data.triggering_actor.type, "Bot");
    const refused = { status: "failure" };
    assert.deepEqual((await asApp().rest.apps.listWebhookDeliveries(refused)).data, []);
  },
};

await steps[step](given);
console.log(`${HOST.app_id}: ${step}`);
