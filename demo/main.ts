import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { AddressInfo } from 'node:net';
import { AppModule } from './app.module.js';
import { howToTry } from './curl-lines.js';
import { ensureKeys } from './ensure-keys.js';

/** 0 means any port that is free. */
const wantedPort = process.env.PORT || '3000';

await ensureKeys();
// JSON only: a form that another site submits is not read.
const app = await NestFactory.create<NestExpressApplication>(AppModule, { bodyParser: false });
app.useBodyParser('json', { limit: '10kb' });
try {
  // On this machine only: everybody knows the passwords of the demo.
  await app.listen(Number(wantedPort), '127.0.0.1');
  const { port } = app.getHttpServer().address() as AddressInfo;
  console.log(howToTry(`http://localhost:${port}`));
} catch (error) {
  console.error(`The demo cannot listen on port ${wantedPort} (${(error as Error).message}).`);
  console.error('Try PORT=3001 npm start, or PORT=0 npm start for any free port.');
  process.exitCode = 1;
}
