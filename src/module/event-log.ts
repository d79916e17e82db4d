import { Logger } from '@nestjs/common';
import { EventSource } from '../events/event-source.js';

/**
 * Where something tells what happens to it. The first to hear of it is the log, and a listener that fails is logged too.
 *
 * @param what - names the events in that line, such as `session events`.
 * @param log - what of an event goes into the log, and how loud.
 */
export function makeEvents<Event>(
  what: string,
  log: (event: Event, logger: Logger) => void,
): EventSource<Event> {
  const logger = new Logger('JwtRs256');
  const events = new EventSource<Event>((error) =>
    logger.error(`A listener of ${what} failed`, error instanceof Error ? error.stack : undefined),
  );
  events.subscribe((event) => log(event, logger));
  return events;
}
