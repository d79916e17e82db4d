import { Injectable, Logger, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { EventSource } from '../events/event-source.js';
import type { RemoteKeyEvent } from '../keys/remote-key-event.js';
import type { RemoteJwkSet } from '../keys/remote-jwk-set.js';

/** The JWK Sets of other issuers: fetched before the application listens, until it is closed; and what is to be logged. */
@Injectable()
export class KeySourcesService implements OnModuleInit, OnModuleDestroy {
  private readonly logger = new Logger('JwtRs256');

  constructor(
    private readonly sets: ReadonlyMap<string, RemoteJwkSet>,
    private readonly events: EventSource<RemoteKeyEvent>,
  ) {}

  /** Waits for the first answers, one deadline at most. An issuer that is down does not stop the boot. */
  async onModuleInit(): Promise<void> {
    this.events.subscribe((event) => this.log(event));
    await Promise.all(Array.from(this.sets.values(), (set) => set.open()));
  }

  onModuleDestroy(): void {
    for (const set of this.sets.values()) set.close();
  }

  /** @param issuer - one whose keys are fetched. */
  keysOf(issuer: string): RemoteJwkSet | undefined {
    return this.sets.get(issuer);
  }

  private log(event: RemoteKeyEvent): void {
    switch (event.type) {
      case 'refreshed':
        return this.logger.debug(event.message);
      case 'changed':
        return this.logger.log(event.message, { kids: event.kids });
      case 'recovered':
        return this.logger.log(event.message);
      case 'unavailable':
        return this.logger.warn(event.message);
      case 'refused':
      case 'expired':
        return this.logger.error(event.message);
      case 'keySkipped':
        return event.reason === 'otherUse'
          ? this.logger.debug(event.message)
          : this.logger.warn(event.message);
    }
  }
}
