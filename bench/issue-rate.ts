/** A program of its own, because libuv reads UV_THREADPOOL_SIZE once: sends how many tokens a second we issue. */
import { startContext } from './fixtures/context.js';
import { makeKeyPair } from './fixtures/key-pair.js';
import { ourIssuer } from './peers/ours.js';
import { throughput } from './suites/issue.js';

const tokens = Number(process.argv[2]);
const issuer = ourIssuer((await startContext(await makeKeyPair())).tokens);
await throughput(issuer, Math.ceil(tokens / 4));
process.send!(await throughput(issuer, tokens));
process.disconnect();
