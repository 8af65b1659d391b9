// node e2e/scenarios.mjs NAME; tests/integration/test_page*.py run them against a server with agents.

import { editing } from "./editing.mjs";
import { looking } from "./looking.mjs";
import { running } from "./running.mjs";

const scenarios = { ...looking, ...running, ...editing };

if (process.argv[2] === "--list") console.log(Object.keys(scenarios).join("\n"));
else await scenarios[process.argv[2]]();
