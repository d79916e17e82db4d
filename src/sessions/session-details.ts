import { OptionError } from '../errors/developer-errors.js';
import { requireText } from '../tokens/option-text.js';
import { copyPlainJson } from '../tokens/plain-json.js';
import type { SessionDetails } from './session-store.js';

/** The claims of a session's access tokens: what the application says. `sub` is whose session it is. */
export interface SessionClaims {
  readonly sub: string;
  readonly [claim: string]: unknown;
}

/** What one call of `start` may say besides. */
export interface StartOptions {
  /** What the owner of the session knows the device by, for `list`. Longer than 256 characters, it is cut. */
  device?: string;
}

const LONGEST_DEVICE = 256;

/**
 * What a store is to keep of a session: a copy, whatever happens to the object meanwhile.
 *
 * @param authTime - Unix seconds.
 * @throws OptionError
 */
export function readDetails(
  claims: SessionClaims,
  { device }: StartOptions,
  authTime: number,
): SessionDetails {
  const copy = copyPlainJson(claims, 'claims', 'ERR_OPTION_CLAIM');
  // Kept, it would be in the refreshed tokens as well.
  if (Object.hasOwn(copy, 'fresh')) {
    throw new OptionError('ERR_OPTION_CLAIM', 'The claim fresh cannot be given: the session stamps it.');
  }
  const sub = requireText(copy.sub, 'claims.sub');
  if (device !== undefined && typeof device !== 'string')
    throw new OptionError('ERR_OPTION_INVALID', 'device must be a text.');
  return { sub, claims: copy, authTime, ...(device ? { device: cut(device) } : {}) };
}

/** It may be a header that a client sent: cut rather than refused, and no lone surrogate where it was cut. */
function cut(device: string): string {
  return Buffer.from(device.slice(0, LONGEST_DEVICE)).toString();
}
