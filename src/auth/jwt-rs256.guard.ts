import {
  ForbiddenException,
  type HttpException,
  Inject,
  Injectable,
  Logger,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { HttpAdapterHost, Reflector } from '@nestjs/core';
import { TokenMissingError } from '../errors/token-errors.js';
import { JwtRs256Exception } from './jwt-rs256.exception.js';
import { JwtRs256Strategy } from './jwt-rs256.strategy.js';
import { forgetAuthentication } from './principal.js';
import { DEFAULT_ACCESS, ROUTE_ACCESS, type RouteAccess } from './route-access.js';

/**
 * Lets a request through when its access token is good, or when its route asks for none. `@Auth()` applies it;
 * `@UseGuards(JwtRs256Guard)` works too.
 *
 * It is a template: override the protected methods in a subclass rather than copy it.
 *
 * @example
 * ```ts
 * import { type ExecutionContext, Injectable } from '@nestjs/common';
 * import { AccessTokenClaims, JwtRs256Guard } from 'nestjs-jwt-rs256';
 *
 * @Injectable()
 * export class AdminGuard extends JwtRs256Guard {
 *   protected override permits(principal: AccessTokenClaims | undefined, _context: ExecutionContext): boolean {
 *     return principal?.admin === true;
 *   }
 * }
 * ```
 */
@Injectable()
export class JwtRs256Guard implements CanActivate {
  protected readonly logger = new Logger('JwtRs256');
  protected readonly reflector = new Reflector();

  constructor(
    @Inject(JwtRs256Strategy) private readonly strategy: JwtRs256Strategy,
    @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.getType() !== 'http') return this.denyContext(context);
    const access = this.getAccess(context);
    if (access.kind === 'public') return true;
    const request = this.getRequest(context);
    let principal: unknown;
    try {
      principal = request.user = await this.strategy.resolvePrincipal(request, access);
    } catch (error) {
      await this.refuse(error, context, access);
    }
    return this.permits(principal, context);
  }

  /** The request, as the platform has it. */
  protected getRequest(context: ExecutionContext): object & { user?: unknown } {
    return context.switchToHttp().getRequest();
  }

  /** What `@Auth` or `@Public` says of the route: the method's word before the class's. */
  protected getAccess(context: ExecutionContext): RouteAccess {
    const targets = [context.getHandler(), context.getClass()];
    return this.reflector.getAllAndOverride<RouteAccess | undefined>(ROUTE_ACCESS, targets) ?? DEFAULT_ACCESS;
  }

  /**
   * Whether the principal may use the route; undefined on an optional route without credentials. Called at each run of
   * the guard. false is 403. Default: true.
   */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the principal's type is the application's to name
  protected permits(_principal: any, _context: ExecutionContext): boolean | Promise<boolean> {
    return true;
  }

  /** What to do about a refusal: by default, its headers are set and it is thrown. It is thrown after an override too. */
  protected handleFailure(failure: HttpException, context: ExecutionContext): never {
    if (failure instanceof JwtRs256Exception) {
      const response = context.switchToHttp().getResponse<object>();
      for (const [name, value] of Object.entries(failure.headers)) {
        this.adapterHost.httpAdapter.setHeader(response, name, value);
      }
    }
    throw failure;
  }

  /** Returns where an optional route is to be reached without a principal, and else throws. */
  private async refuse(
    error: unknown,
    context: ExecutionContext,
    access: RouteAccess & { kind: 'auth' },
  ): Promise<void> {
    const request = this.getRequest(context);
    // Nobody's word but this guard's counts for who the request is, so nothing may be left to be mistaken for it.
    forgetAuthentication(request);
    request.user = undefined;
    if (access.optional === true && error instanceof TokenMissingError) return;
    const failure = this.strategy.refusalOf(error, access);
    // An override that returns, or is asynchronous, against its type, must not let the request through.
    await Promise.resolve(this.handleFailure(failure, context));
    throw failure;
  }

  private denyContext(context: ExecutionContext): never {
    const sentence = `JwtRs256Guard guards HTTP routes only, and this is a "${context.getType<string>()}" context: denied`;
    this.logger.error(sentence);
    throw new ForbiddenException(sentence);
  }
}
