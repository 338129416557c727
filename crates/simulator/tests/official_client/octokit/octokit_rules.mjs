#!/usr/bin/env node
// Checks GitHub's rules at the simulator with octokit: MODULES=folder octokit_rules.mjs URL.
//
// Each rule is one function, which checks that the simulator answers as GitHub does. Responses and
// webhooks are compared with GitHub's own description. Prints `N passed, M failed`.

import { RULES, checked, github, sim } from "./client.mjs";

for (const file of ["app", "runs", "people", "code", "limits", "webhooks"]) {
  await import(`./rules_${file}.mjs`);
}

let passed = 0;
let failed = 0;
for (const [name, run] of RULES) {
  await sim("lift_faults");
  await github("limit");
  try {
    await run();
    passed += 1;
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${name}: ${error.stack.split("\n").slice(0, 60).filter((l) => !l.includes("    at ")).join("\n")}`);
  }
}
console.log(`${checked.size} kinds of responses compared with the description`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
