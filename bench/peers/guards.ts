import {
  Controller,
  Get,
  UnauthorizedException,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type ModuleMetadata,
} from '@nestjs/common';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import { Auth, JwtRs256Module } from 'nestjs-jwt-rs256';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { ourOptions } from '../fixtures/context.js';
import type { BenchKeyPair } from '../fixtures/key-pair.js';
import { AUDIENCE, ISSUER } from '../fixtures/tokens.js';
import type { Contestant } from '../run/rounds.js';
import { fastJwt, fastJwtCached } from './fast-jwt.js';
import { assertNotExpired, verifyRaw } from './node-crypto.js';

/** The ways to guard the route that are measured against each other. */
export const GUARDS = {
  'open route': () => routeWith(),
  'nestjs-jwt-rs256, seen before': (pair) => ours(pair),
  'nestjs-jwt-rs256, all new': (pair) => ours(pair, { verifiedTokenCache: { maxSize: 500 } }),
  'nestjs-jwt-rs256, all new, no cache': (pair) => ours(pair, { verifiedTokenCache: false }),
  'bare guard around a Map': (pair) => routeWith(UseGuards(bareGuard(mapVerifier(pair)))),
  'bare guard around createVerify': (pair) =>
    routeWith(UseGuards(bareGuard((token) => verifyRaw(token, pair)))),
  'bare guard around fast-jwt': (pair) => routeWith(UseGuards(bareGuard(fastJwt(pair).run))),
  'bare guard around fast-jwt, its cache': (pair) => routeWith(UseGuards(bareGuard(fastJwtCached(pair).run))),
  'passport-jwt with a KeyObject': (pair) => passportJwt(pair, pair.publicKey as unknown as Buffer),
  "passport-jwt as in Nest's docs, PEM text": (pair) => passportJwt(pair, pair.publicPem),
} satisfies Record<string, (pair: BenchKeyPair) => ModuleMetadata>;

export type GuardName = keyof typeof GUARDS;

function routeWith(decorator?: ClassDecorator, imports: ModuleMetadata['imports'] = []): ModuleMetadata {
  @Controller('orders')
  class OrdersController {
    @Get() list(): object {
      return { orders: [] };
    }
  }
  decorator?.(OrdersController);
  return { controllers: [OrdersController], imports };
}

function ours(pair: BenchKeyPair, options: Parameters<typeof ourOptions>[1] = {}): ModuleMetadata {
  return routeWith(Auth(), [JwtRs256Module.forRoot(ourOptions(pair, options))]);
}

/** The least that a guard can be: the header cut, one call, the claims on the request. */
function bareGuard(verify: Contestant<string>['run']): new () => CanActivate {
  return class BareGuard implements CanActivate {
    canActivate(context: ExecutionContext): boolean {
      const request = context
        .switchToHttp()
        .getRequest<{ headers: { authorization?: string }; user?: unknown }>();
      const { authorization } = request.headers;
      if (!authorization?.startsWith('Bearer ')) throw new UnauthorizedException();
      try {
        request.user = verify(authorization.slice(7));
      } catch {
        throw new UnauthorizedException();
      }
      return true;
    }
  };
}

/** What no cache can beat by much: a Map without a bound, whose entries are only looked at for `exp`. */
function mapVerifier(pair: BenchKeyPair): Contestant<string>['run'] {
  const verified = new Map<string, { readonly exp: number }>();
  return (token) => {
    let claims = verified.get(token);
    if (claims) assertNotExpired(claims);
    else verified.set(token, (claims = verifyRaw(token, pair)));
    return claims;
  };
}

/** https://docs.nestjs.com/recipes/passport#implementing-passport-jwt, with RS256 instead of the shared secret. */
function passportJwt(_pair: BenchKeyPair, secretOrKey: string | Buffer): ModuleMetadata {
  class JwtStrategy extends PassportStrategy(Strategy) {
    constructor() {
      super({
        jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
        ignoreExpiration: false,
        secretOrKey,
        algorithms: ['RS256'],
        issuer: ISSUER,
        audience: AUDIENCE,
      });
    }
    validate(payload: unknown): unknown {
      return payload;
    }
  }
  const { controllers = [] } = routeWith(UseGuards(AuthGuard('jwt')));
  return { controllers, imports: [PassportModule], providers: [JwtStrategy] };
}
