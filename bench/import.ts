/**
 * Imports what is named on the command line, first all but the last, then the last, in a process of its own. Sends how
 * long the last took, and with --list what it loaded.
 */
import { register } from 'node:module';
import { MessageChannel } from 'node:worker_threads';

/** What importing one package on top of others costs. */
export interface ImportCost {
  readonly ms: number;
  /** URLs in the order in which they were asked for; empty unless they are listed. */
  readonly loaded: readonly string[];
}

/** Runs in the thread of loader hooks. */
const HOOKS = `
let port;
export function initialize(data) { port = data.port; }
export async function load(url, context, next) { port.postMessage(url); return next(url, context); }
`;

const args = process.argv.slice(2);
const isListing = args[0] === '--list';
const packages = isListing ? args.slice(1) : args;
const seen: string[] = [];
const { port1, port2 } = new MessageChannel();
if (isListing) {
  port1.on('message', (url: string) => seen.push(url)).unref();
  register(`data:text/javascript,${encodeURIComponent(HOOKS)}`, {
    data: { port: port2 },
    transferList: [port2],
  });
}

const last = packages.pop()!;
for (const name of packages) await import(name);
await settle();
const before = seen.length;
const start = performance.now();
await import(last);
const ms = performance.now() - start;
await settle();
process.send!({ ms, loaded: seen.slice(before) } satisfies ImportCost);
process.disconnect();
port1.close();

/** Lets the messages of the hooks arrive. */
async function settle(): Promise<void> {
  if (isListing) await new Promise((resolve) => setTimeout(resolve, 200));
}
