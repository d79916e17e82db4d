/** One guard on one platform, in a process of its own. Sends its address, and on request how much CPU time it used. */
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { readKeyPair } from './fixtures/key-pair.js';
import { GUARDS } from './peers/guards.js';
import type { ServerAnswer, ServerOrder } from './fixtures/server.js';

const send = (answer: ServerAnswer): void => void process.send!(answer);

async function listen({ guard, platform, pair }: Extract<ServerOrder, { kind: 'listen' }>): Promise<string> {
  const { privatePem, publicPem, kid } = pair;
  const makeModule = GUARDS[guard];
  const metadata = makeModule(readKeyPair(privatePem, publicPem, kid));
  class ServerModule {}
  const adapter = platform === 'Express' ? new ExpressAdapter() : new FastifyAdapter();
  const app = await NestFactory.create({ module: ServerModule, ...metadata }, adapter, { logger: false });
  await app.listen(0, '127.0.0.1');
  return app.getUrl();
}

process.on('message', (order: ServerOrder) => {
  if (order.kind === 'cpu') return send({ cpuMicroseconds: cpuMicroseconds() });
  listen(order).then(
    (url) => send({ url }),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(0));

function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
