import { Logger } from '@nestjs/common';
import { adoptSigner } from '../keys/adopted-signer.js';
import { DirectoryKeyRing } from '../keys/ring/directory-key-ring.js';
import { FixedKeyRing } from '../keys/ring/fixed-key-ring.js';
import { KeyDirectory } from '../keys/ring/key-directory.js';
import { loadKeyPair } from '../keys/key-pair.js';
import type { KeyRing } from '../keys/ring/key-ring.js';
import type { PublishedKeys } from '../keys/published-keys.js';
import { bootLine } from './boot-line.js';
import { makeEvents } from './event-log.js';
import { logKeyRingEvent } from './log-event.js';
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
    const events = makeEvents('key ring events', logKeyRingEvent);
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

/** What publishes keys gets the public halves and nothing of the ring. */
export function publishedKeysOf({ publicKeys }: KeyRing): PublishedKeys {
  return publicKeys;
}
