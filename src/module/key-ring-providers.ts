import { Logger } from '@nestjs/common';
import { adoptSigner } from '../keys/adopted-signer.js';
import { DirectoryKeyRing } from '../keys/directory-key-ring.js';
import { FixedKeyRing } from '../keys/fixed-key-ring.js';
import { KeyDirectory } from '../keys/key-directory.js';
import { loadKeyPair } from '../keys/key-pair.js';
import type { KeyRingEvent } from '../keys/key-ring-events.js';
import type { KeyRing } from '../keys/key-ring.js';
import type { PublishedKeys } from '../keys/published-keys.js';
import { bootLine } from './boot-line.js';
import { makeEvents } from './event-log.js';
import { KeyRingLifetime } from './key-ring.service.js';
import type { ResolvedOptions } from './resolve-options.js';

/** The keys of this service, read and proven, or the boot stops. */
export async function makeKeyRing(options: ResolvedOptions): Promise<KeyRing> {
  const logger = new Logger('JwtRs256');
  for (const warning of options.warnings) logger.warn(warning);
  const ring = await loadKeyRing(options, logger);
  logger.log(bootLine(options, ring));
  return ring;
}

async function loadKeyRing({ keys, clock }: ResolvedOptions, logger: Logger): Promise<KeyRing> {
  if (!keys) return new FixedKeyRing(undefined);
  if (keys.from === 'directory') {
    const directory = new KeyDirectory(keys.path, keys.passphrase);
    const events = makeEvents<KeyRingEvent>('key ring events');
    events.subscribe((event) => log(logger, event));
    const ring = new DirectoryKeyRing({ directory, policy: keys.policy, clock, events });
    await ring.load();
    return ring;
  }
  const now = clock.now();
  const pair =
    keys.from === 'signer' ? await adoptSigner(keys.signer, now) : await loadKeyPair(keys.pair, now);
  for (const warning of pair.warnings) logger.warn(warning);
  return new FixedKeyRing(pair);
}

export function makeKeyRingLifetime(ring: KeyRing): KeyRingLifetime {
  return new KeyRingLifetime(ring instanceof DirectoryKeyRing ? ring : undefined);
}

/** What publishes keys gets the public halves and nothing of the ring. */
export function publishedKeysOf({ publicKeys }: KeyRing): PublishedKeys {
  return publicKeys;
}

function log(logger: Logger, event: KeyRingEvent): void {
  switch (event.type) {
    case 'notice':
      return logger.warn(event.message);
    case 'faulty':
      return logger.warn(`${event.error.code}: ${event.error.message}`);
    case 'recovered':
      return logger.log(`${event.name} is good again`);
    case 'revoked':
      return logger.warn('A key is revoked: its tokens are refused', detailsOf(event));
    case 'upcoming':
    case 'active':
    case 'retiring':
    case 'retired':
      return logger.log(`A key is ${event.type} now`, detailsOf(event));
  }
}

function detailsOf({ kid, name }: { kid: string; name: string }): { kid: string; name: string } {
  return { kid, name };
}
