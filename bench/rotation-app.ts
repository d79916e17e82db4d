/**
 * An instance of an issuer, or a service that trusts one, in a process of its own. The argument is a `RotationAppSettings`
 * as JSON. It sends its address.
 */
import 'reflect-metadata';
import { Controller, Get, Inject, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Auth, CurrentUser, JwtRs256Module, TokenService } from 'nestjs-jwt-rs256';
import type { IncomingMessage } from 'node:http';
import type { RotationAppSettings } from './fixtures/rotation-app.js';

const JWKS = '/.well-known/jwks.json';

let fetches = 0;

@Controller()
class RotationController {
  constructor(@Inject(TokenService) private readonly tokens: TokenService) {}

  @Get('login') async login(): Promise<object> {
    return { token: await this.tokens.issue({ sub: 'alice' }) };
  }

  @Auth() @Get('me') me(@CurrentUser('sub') sub: string): object {
    return { sub };
  }

  @Get('fetches') fetches(): object {
    return { fetches };
  }
}

async function listen({ platform, options }: RotationAppSettings): Promise<string> {
  class RotationModule {}
  const imports = [JwtRs256Module.forRoot(options)];
  const module = { module: RotationModule, imports, controllers: [RotationController] };
  const adapter = platform === 'Express' ? new ExpressAdapter() : new FastifyAdapter();
  const app: INestApplication = await NestFactory.create(module, adapter, { logger: false });
  app.use(({ url }: IncomingMessage, _response: unknown, next: () => void) => {
    if (url === JWKS) fetches++;
    next();
  });
  await app.listen(0, '127.0.0.1');
  return app.getUrl();
}

process.on('disconnect', () => process.exit(0));
process.send!(await listen(JSON.parse(process.argv[2]!) as RotationAppSettings));
