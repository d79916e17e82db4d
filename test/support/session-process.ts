import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Sessions } from '../../src/sessions/sessions.js';
import type { WorkerAnswer, WorkerMethod, WorkerRequest, WorkerSettings } from './session-worker.js';

const WORKER = fileURLToPath(new URL('session-worker.ts', import.meta.url));
const LOADER = new URL('typescript-loader.mjs', import.meta.url).href;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** What sessions and a process with sessions have in common. A refusal is an error with its `code`. */
export type SessionPeer = Pick<
  Sessions,
  'start' | 'refresh' | 'end' | 'endAll' | 'endByRefreshToken' | 'list'
>;

/** A process of its own with sessions in Redis. */
export class SessionProcess {
  private readonly waiting = new Map<number, Waiting>();
  private count = 0;
  /** What it died of, by itself. */
  death: string | undefined;

  private constructor(private readonly child: ChildProcess) {}

  static async start(settings: WorkerSettings): Promise<SessionProcess> {
    const child = fork(WORKER, [JSON.stringify(settings)], {
      execArgv: ['--import', LOADER],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    const worker = new SessionProcess(child);
    let said = '';
    child.stderr!.on('data', (chunk: Buffer) => (said += chunk.toString()));
    child.once('exit', (code, signal) => worker.ended(`exited with ${code ?? signal}: ${said}`));
    const isReady = once(child, 'message');
    await Promise.race([isReady, once(child, 'exit').then(() => Promise.reject(new Error(said)))]);
    child.on('message', (answer: WorkerAnswer) => worker.receive(answer));
    return worker;
  }

  /** Its sessions with the policy of this number in the list. */
  peer(policy: number): SessionPeer {
    return {
      start: (...args) => this.call('start', args, policy),
      refresh: (...args) => this.call('refresh', args, policy),
      end: (...args) => this.call('end', args, policy),
      endAll: (...args) => this.call('endAll', args, policy),
      endByRefreshToken: (...args) => this.call('endByRefreshToken', args, policy),
      list: (...args) => this.call('list', args, policy),
    };
  }

  isRevoked(sid: string): Promise<boolean> {
    return this.call('isRevoked', [sid]);
  }

  /** How many events of each kind it has raised. */
  countEvents(): Promise<Record<string, number>> {
    return this.call('countEvents', []);
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.disconnect();
    await exited;
  }

  private call<T>(method: WorkerMethod, args: readonly unknown[], policy = 0): Promise<T> {
    const id = ++this.count;
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
      if (this.child.connected) this.child.send({ id, policy, method, args } satisfies WorkerRequest);
      else reject(new Error(this.death));
    });
  }

  private receive({ id, result, code }: WorkerAnswer): void {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (code === undefined) waiting?.resolve(result);
    else waiting?.reject(Object.assign(new Error(code), { code }));
  }

  private ended(how: string): void {
    this.death = how;
    for (const { reject } of this.waiting.values()) reject(new Error(how));
    this.waiting.clear();
  }
}
