/** Runs the suites, prints a table of figures and one of targets, and keeps the result in build/bench.json. */
import { USAGE, readArguments, type SuiteName } from './run/arguments.js';
import { thisMachine } from './run/machine.js';
import { Progress } from './run/progress.js';
import { readResults, writeResults } from './run/result-file.js';
import type { Results } from './run/result.js';
import { resultTable } from './run/table.js';
import { growthSuite } from './suites/growth.js';
import { httpSuite } from './suites/http.js';
import { issueSuite } from './suites/issue.js';
import { memorySuite } from './suites/memory.js';
import { remoteSuite } from './suites/remote.js';
import { rotationSuite } from './suites/rotation.js';
import { sessionsSuite } from './suites/sessions.js';
import { startSuite } from './suites/start.js';
import type { Suite } from './suites/suite.js';
import { verifySuite } from './suites/verify.js';

const SUITE: Record<SuiteName, Suite> = {
  verify: verifySuite,
  issue: issueSuite,
  http: httpSuite,
  memory: memorySuite,
  growth: growthSuite,
  start: startSuite,
  remote: remoteSuite,
  sessions: sessionsSuite,
  rotation: rotationSuite,
};

async function main(): Promise<void> {
  const { suites, quick, json } = readArguments(process.argv.slice(2));
  const progress = new Progress();
  const machine = thisMachine();
  const results: Results = {};
  for (const name of suites) {
    progress.suite(name);
    const result = await SUITE[name]({ quick, progress });
    results[name] = { ...result, date: new Date().toISOString().slice(0, 10), quick, machine };
    // What was not run this time stays as it was.
    writeResults({ ...readResults(), ...results });
  }
  progress.end();
  console.log(json ? JSON.stringify(results, undefined, 2) : resultTable(results));
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  console.error(`Usage: ${USAGE}`);
  process.exitCode = 1;
});
