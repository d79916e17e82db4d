import { Controller, Get, Inject, type INestApplication } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Auth, CurrentUser, JwtRs256Module, KeyRing, TokenService } from '../../src/index.js';
import type { JwtRs256ModuleExtras, JwtRs256ModuleOptions } from '../../src/index.js';
import { startApp, type TestApp } from './app.js';
import { AUDIENCE } from './mint.js';
import type { Platform } from './platforms.js';
import { freePort } from './redis-server.js';

/** An issuer with its keys in a folder, whose URL leads to it. */
export interface TestIssuer extends TestApp {
  /** Its URL, and what its tokens have as `iss`. */
  readonly issuer: string;
  readonly ring: KeyRing;
  /** Where its JWK Set is: how often it was asked for, and whether it is down. */
  readonly endpoint: { fetches: number; isDown: boolean };
  login(): Promise<string>;
}

const JWKS = '/.well-known/jwks.json';

/** What an issuer has to be told. */
type IssuerOptions = Pick<JwtRs256ModuleOptions, 'keyDirectory'> &
  Partial<JwtRs256ModuleOptions & JwtRs256ModuleExtras>;

@Controller()
class IssuerController {
  constructor(@Inject(TokenService) private readonly tokens: TokenService) {}

  @Get('login') async login() {
    return { token: await this.tokens.issue({ sub: 'alice' }) };
  }

  @Auth() @Get('me') me(@CurrentUser('sub') sub: string) {
    return { sub };
  }
}

/** Boots an issuer that publishes its keys. One that is given another's `issuer` is a further instance of that one. */
export async function startIssuer(platform: Platform, options: IssuerOptions): Promise<TestIssuer> {
  const port = await freePort();
  const issuer = options.issuer ?? `http://127.0.0.1:${port}`;
  const module = JwtRs256Module.forRoot({
    audience: AUDIENCE,
    jwks: true,
    metadata: true,
    ...options,
    issuer,
  });
  const endpoint = { fetches: 0, isDown: false };
  const watch = ({ url }: IncomingMessage, response: ServerResponse, next: () => void) => {
    if (url !== JWKS) return next();
    endpoint.fetches++;
    if (!endpoint.isDown) return next();
    response.writeHead(500).end();
  };
  const configure = (nest: INestApplication) => nest.use(watch);
  const app = await startApp(platform, { module, controllers: [IssuerController], port, configure });
  return {
    ...app,
    issuer,
    ring: app.nest.get(KeyRing),
    endpoint,
    login: async () => (await app.get('/login')).body.token,
  };
}
