import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';

/** What works in the background from the start of an application to its end. */
export interface BackgroundWork {
  open(): void;
  close(): void;
}

/** Opens and closes with the application what looks at the folder of keys. */
@Injectable()
export class KeyRingLifetime implements OnModuleInit, OnModuleDestroy {
  constructor(private readonly work: BackgroundWork | undefined) {}

  onModuleInit(): void {
    this.work?.open();
  }

  onModuleDestroy(): void {
    this.work?.close();
  }
}
