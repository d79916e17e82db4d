import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventSource } from '../../src/events/event-source.js';
import { DirectoryKeyRing } from '../../src/keys/ring/directory-key-ring.js';
import { KeyDirectory } from '../../src/keys/ring/key-directory.js';
import { stemOf } from '../../src/keys/ring/key-file-name.js';
import { thumbprint } from '../../src/keys/key-id.js';
import type { KeyRingEvent } from '../../src/keys/ring/key-ring-events.js';
import type { RotationPolicy } from '../../src/keys/ring/rotation-policy.js';
import { TestClock } from '../../src/testing/index.js';
import { createPublicKey } from 'node:crypto';
import { keyPairOf } from './keys.js';

/** What follows from the defaults of the module: a lead of 15 minutes, a retention of a day and a little. */
export const POLICY: RotationPolicy = {
  maxAge: 300,
  staleWhileRevalidate: 600,
  maxTokenTtl: 86_400,
  notBefore: 0,
  clockTolerance: 10,
  every: undefined,
};
export const LEAD = 900;
export const RETENTION = 86_400 + 10 + 300;

/** The kid of the key pair of this name. */
export function kidOf(owner: string): string {
  return thumbprint(createPublicKey(keyPairOf(owner).publicKey));
}

/** A ring in a folder, and what it told. */
export interface TestRing {
  readonly ring: DirectoryKeyRing;
  readonly clock: TestClock;
  readonly events: KeyRingEvent[];
  /** Events of one type, by the name of the file. */
  told(type: KeyRingEvent['type']): string[];
  /** The state of each key, by the name of its file. */
  states(): Record<string, string>;
}

/** A folder of key files for one test, and rings in it. */
export class KeyFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'jwt-rs256-ring-'));

  /** Writes the private key of `owner` as the file that signs from then on; without a time, since ever. */
  put(owner: string, signsFrom?: number): string {
    return this.write(
      `${signsFrom === undefined ? 'rs256' : stemOf(signsFrom)}.pem`,
      keyPairOf(owner).privateKey,
    );
  }

  /** Writes the public key alone. */
  putPublic(owner: string, signsFrom?: number): string {
    return this.write(
      `${signsFrom === undefined ? 'rs256' : stemOf(signsFrom)}.pub`,
      keyPairOf(owner).publicKey,
    );
  }

  write(name: string, content: string | Buffer): string {
    const path = join(this.path, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  }

  list(): string[] {
    return readdirSync(this.path).sort();
  }

  /** The ring of one instance. It is not loaded yet. */
  ring({
    clock = new TestClock(),
    policy = {},
    passphrase,
    path = this.path,
  }: {
    clock?: TestClock;
    policy?: Partial<RotationPolicy>;
    passphrase?: string;
    path?: string;
  } = {}): TestRing {
    const events: KeyRingEvent[] = [];
    const source = new EventSource<KeyRingEvent>((error) => {
      throw error;
    });
    source.subscribe((event) => events.push(event));
    const directory = new KeyDirectory(path, passphrase);
    const ring = new DirectoryKeyRing({ directory, policy: { ...POLICY, ...policy }, clock, events: source });
    return {
      ring,
      clock,
      events,
      told: (type) => events.flatMap((event) => (event.type === type && 'name' in event ? [event.name] : [])),
      states: () => Object.fromEntries(ring.keys.map(({ name, state }) => [name, state])),
    };
  }

  async load(options: Parameters<KeyFolder['ring']>[0] = {}): Promise<TestRing> {
    const made = this.ring(options);
    await made.ring.load();
    return made;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
