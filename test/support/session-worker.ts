import { RedisSessionStore } from '../../src/redis/index.js';
import { EndedSessions } from '../../src/sessions/ended-sessions.js';
import { EventSource } from '../../src/events/event-source.js';
import type { SessionEvent } from '../../src/sessions/session-events.js';
import type { SessionPolicy } from '../../src/sessions/session-policy.js';
import { Sessions } from '../../src/sessions/sessions.js';
import { SystemClock } from '../../src/time/clock.js';
import { connect, type RedisPackage } from './redis-connection.js';
import { TestIssuer } from './sessions.js';

// One process of a service with sessions in Redis. It does what its parent asks, and says what came of it. It catches
// nothing that nobody else catches, so an unhandled rejection is the end of it.

/** What the parent gives on the command line. */
export interface WorkerSettings {
  readonly url: string;
  readonly packageName: RedisPackage;
  /** Milliseconds. */
  readonly deadline: number;
  /** The first is the one for access tokens. */
  readonly policies: readonly SessionPolicy[];
}

export type WorkerMethod = Exclude<keyof Sessions, 'open' | 'close'> | 'isRevoked' | 'countEvents';

export interface WorkerRequest {
  readonly id: number;
  /** Of the list of policies. */
  readonly policy: number;
  readonly method: WorkerMethod;
  readonly args: readonly unknown[];
}

export interface WorkerAnswer {
  readonly id: number;
  readonly result?: unknown;
  readonly code?: string;
}

// At once: a parent that is killed while this connects must not leave it behind.
process.on('disconnect', () => process.exit());

const { url, packageName, deadline, policies } = JSON.parse(process.argv[2]!) as WorkerSettings;
const clock = new SystemClock();
const { client } = await connect(packageName, url);
const store = new RedisSessionStore({ client, deadline });
const counts: Record<string, number> = {};
const events = new EventSource<SessionEvent>((error) => {
  throw error;
});
events.subscribe(({ type }) => (counts[type] = (counts[type] ?? 0) + 1));
const ended = new EndedSessions({ store, policy: policies[0]!, clock, events });
const issuer = new TestIssuer(clock, 1000, () => 'a token');
const sessions = policies.map((policy) => new Sessions({ store, issuer, policy, clock, events, ended }));
await sessions[0]!.open();

async function answer({ method, policy, args }: WorkerRequest): Promise<unknown> {
  if (method === 'countEvents') return counts;
  if (method !== 'isRevoked') return (sessions[policy]![method] as (...all: unknown[]) => unknown)(...args);
  try {
    ended.assertNotRevoked({ sid: args[0] });
    return false;
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_TOKEN_REVOKED') return true;
    throw error;
  }
}

process.on('message', (request: WorkerRequest) => {
  void answer(request).then(
    (result) => process.send!({ id: request.id, result } satisfies WorkerAnswer),
    (error: Error & { code?: string }) =>
      process.send!({ id: request.id, code: error.code ?? error.message } satisfies WorkerAnswer),
  );
});
process.send!({ id: 0 });
