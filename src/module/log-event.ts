import type { Logger } from '@nestjs/common';
import type { KeyRingEvent } from '../keys/ring/key-ring-events.js';
import type { RemoteKeyEvent } from '../keys/remote/remote-key-event.js';
import type { SessionEvent } from '../sessions/session-events.js';

/** What happens to the keys of this service, for the log. */
export function logKeyRingEvent(event: KeyRingEvent, logger: Logger): void {
  switch (event.type) {
    case 'notice':
      return logger.warn(event.message);
    case 'faulty':
      return logger.warn(`${event.error.code}: ${event.error.message}`);
    case 'recovered':
      return logger.log(`${event.name} is good again`);
    case 'revoked':
      return logger.warn('A key is revoked: its tokens are refused', { kid: event.kid, name: event.name });
    case 'upcoming':
    case 'active':
    case 'retiring':
    case 'retired':
      return logger.log(`A key is ${event.type} now`, { kid: event.kid, name: event.name });
  }
}

/** What happens to the keys of other issuers, for the log. */
export function logRemoteKeyEvent(event: RemoteKeyEvent, logger: Logger): void {
  switch (event.type) {
    case 'refreshed':
      return logger.debug(event.message);
    case 'changed':
      return logger.log(event.message, { kids: event.kids });
    case 'recovered':
      return logger.log(event.message);
    case 'unavailable':
      return logger.warn(event.message);
    case 'refused':
    case 'expired':
      return logger.error(event.message);
    case 'keySkipped':
      return event.reason === 'otherUse' ? logger.debug(event.message) : logger.warn(event.message);
  }
}

/** What happens to sessions, for the log. What is everyday is not in it, nor what the owner calls the device. */
export function logSessionEvent(event: SessionEvent, logger: Logger): void {
  switch (event.type) {
    case 'reused':
      return logger.warn('A spent refresh token was presented: its session is ended', {
        sid: event.sid,
        sub: event.sub,
      });
    case 'advice':
      return logger.warn(event.message);
    case 'storeDown':
      return logger.error(
        'The session store is down',
        event.cause instanceof Error ? event.cause.stack : undefined,
      );
    case 'storeUp':
      return logger.log('The session store is up again');
    case 'started':
    case 'refreshed':
    case 'repeated':
    case 'ended':
    case 'revoked':
      return undefined;
  }
}
