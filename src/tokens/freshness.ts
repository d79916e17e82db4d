import { TokenNotFreshError } from '../errors/token-errors.js';
import type { Clock } from '../time/clock.js';
import { toSeconds, type Duration } from '../time/duration.js';
import type { AccessTokenClaims } from './claims.js';

/** Measures how long ago the principal of a token gave credentials. */
export class Freshness {
  constructor(
    private readonly clock: Pick<Clock, 'now'>,
    private readonly clockTolerance: number,
  ) {}

  /**
   * Asks that the token was issued for credentials and not for a refresh token (true), or that credentials were given
   * at most so long ago. The tolerance is for an `auth_time` ahead of our clock; it makes nothing last longer.
   *
   * @throws TokenNotFreshError
   */
  assertFresh(claims: AccessTokenClaims, demanded: boolean | Duration | undefined): void {
    if (demanded === undefined || demanded === false) return;
    if (demanded === true) {
      if (claims.fresh === true) return;
      throw new TokenNotFreshError(0);
    }
    const maxAge = toSeconds(demanded, 'fresh');
    const { auth_time: authTime } = claims as { auth_time?: unknown };
    // Written so that a NaN, from whatever clock, refuses.
    const age = typeof authTime === 'number' ? this.clock.now() - authTime : Number.NaN;
    if (age >= -this.clockTolerance && age <= maxAge) return;
    throw new TokenNotFreshError(maxAge);
  }
}
