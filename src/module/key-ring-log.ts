import { Logger } from '@nestjs/common';
import { EventSource } from '../events/event-source.js';
import type { KeyRingEvent } from '../keys/key-ring-events.js';

/** Where a key ring tells what happens to it: the log hears of everything, and listeners of the application as well. */
export function loggedKeyRingEvents(): EventSource<KeyRingEvent> {
  const logger = new Logger('JwtRs256');
  const events = new EventSource<KeyRingEvent>((error) =>
    logger.error('A listener of key ring events failed', error instanceof Error ? error.stack : undefined),
  );
  events.subscribe((event) => log(logger, event));
  return events;
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
