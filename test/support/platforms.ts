import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';

/** One of Nest's HTTP platforms. Every end-to-end test runs on all of them. */
export interface Platform {
  readonly name: 'Express' | 'Fastify';
  readonly makeAdapter: () => AbstractHttpAdapter;
}

/** For `describe.each`. */
export const PLATFORMS: readonly Platform[] = [
  { name: 'Express', makeAdapter: () => new ExpressAdapter() },
  { name: 'Fastify', makeAdapter: () => new FastifyAdapter() as unknown as AbstractHttpAdapter },
];
