import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { authenticationOf } from './principal.js';

/**
 * The principal of the request: what `validate` returned, by default the verified claims; or one property of it.
 * undefined where the route was reached without credentials. A `request.user` that something else set never counts.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common';
 * import { Auth, CurrentUser } from 'nestjs-jwt-rs256';
 *
 * @Controller('me')
 * @Auth()
 * export class MeController {
 *   @Get() id(@CurrentUser('sub') id: string) {
 *     return { id };
 *   }
 * }
 * ```
 */
export const CurrentUser = createParamDecorator(
  (property: string | undefined, context: ExecutionContext): unknown => {
    const principal = authenticationOf(context.switchToHttp().getRequest<object>())?.principal;
    if (property === undefined || principal === undefined || principal === null) return principal;
    return (principal as Record<string, unknown>)[property];
  },
);
