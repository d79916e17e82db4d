import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWith } from './installed.js';

/** Where there is such a thing, a server dies with the process that started it, however that ends. */
const keeper = ['setpriv', '--pdeathsig', 'KILL', '--'];
const [command, ...prefix] = [...(works(keeper[0]!) ? keeper : []), 'redis-server'];

const redis = { name: 'redis-server', isInstalled: works('redis-server') };

/** `describe` for what needs redis-server. */
export function describeWithRedis(name: string, suite: () => void): void {
  describeWith(redis, name, suite);
}

export interface RedisServerOptions {
  /** Survives its own death: every write is on disk before it is answered. */
  readonly durable?: boolean;
  /** One node of a cluster, which owns all slots. */
  readonly cluster?: boolean;
  /** Further lines of the configuration, such as `['--maxmemory', '10mb']`. */
  readonly args?: readonly string[];
}

/** A redis-server of this test's own, on a free port, with its data in a folder of its own. */
export class RedisServer {
  private child: ChildProcess | undefined;
  private readonly folder = mkdtempSync(join(tmpdir(), 'redis-'));
  private isFrozen = false;

  private constructor(
    readonly port: number,
    private readonly options: RedisServerOptions,
  ) {}

  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), options);
    await server.run();
    if (options.cluster) {
      server.cli('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
      while (!server.cli('CLUSTER', 'INFO').includes('cluster_state:ok')) await new Promise(setImmediate);
    }
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it, again if it was killed, with the data that is on disk. Resolves when it takes commands. */
  async run(): Promise<void> {
    const { durable, cluster, args = [] } = this.options;
    const child = spawn(command!, [
      ...prefix,
      ...flags({ port: this.port, bind: '127.0.0.1', dir: this.folder, save: '' }),
      ...(durable ? flags({ appendonly: 'yes', appendfsync: 'always' }) : []),
      ...(cluster ? flags({ 'cluster-enabled': 'yes', 'cluster-announce-ip': '127.0.0.1' }) : []),
      ...(cluster ? flags({ 'cluster-port': await freePort() }) : []),
      ...args,
    ]);
    this.child = child;
    let output = '';
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (output.includes('Ready to accept connections')) resolve();
      });
      child.once('exit', () => reject(new Error(`redis-server did not start:\n${output}`)));
    });
  }

  /** As a power cut would. */
  async kill(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  /** It keeps its connections, takes in what is sent, and does nothing. */
  freeze(): void {
    this.isFrozen = true;
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    if (this.isFrozen) this.child?.kill('SIGCONT');
    this.isFrozen = false;
  }

  /** One command, from another process. Returns what redis-cli prints. */
  cli(...command: readonly string[]): string {
    const { stdout, stderr, status } = spawnSync('redis-cli', ['-p', String(this.port), ...command], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
    return stdout.trim();
  }

  async close(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function works(program: string): boolean {
  return spawnSync(program, ['--version']).status === 0;
}

function flags(settings: Readonly<Record<string, string | number>>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
}

/** A port of the loopback interface that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
