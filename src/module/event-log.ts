import { Logger } from '@nestjs/common';
import { EventSource } from '../events/event-source.js';

/**
 * Where something tells what happens to it. A listener that fails is logged.
 *
 * @param what - names the events in that line, such as `session events`.
 */
export function makeEvents<Event>(what: string): EventSource<Event> {
  const logger = new Logger('JwtRs256');
  return new EventSource<Event>((error) =>
    logger.error(`A listener of ${what} failed`, error instanceof Error ? error.stack : undefined),
  );
}
