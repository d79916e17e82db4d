import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';

/** Something that looks after itself once it is open. */
export interface Watch {
  /** It may wait for a first look, one deadline at most. What it looks at being down is no error. */
  open(): void | Promise<void>;
  close(): void;
}

/** What goes on beside the requests, from before the application listens until it is closed. */
@Injectable()
export class BackgroundWork implements OnModuleInit, OnModuleDestroy {
  constructor(private readonly watches: readonly Watch[]) {}

  async onModuleInit(): Promise<void> {
    await Promise.all(this.watches.map(async (watch) => watch.open()));
  }

  onModuleDestroy(): void {
    for (const watch of this.watches) watch.close();
  }
}
