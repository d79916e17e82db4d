import { applyDecorators, SetMetadata, UseGuards } from '@nestjs/common';
import { JwtRs256Guard } from './jwt-rs256.guard.js';
import { readAuthOptions, ROUTE_ACCESS, type AuthOptions } from './route-access.js';

/**
 * Guards a controller or a route: only requests with a valid access token reach it. The nearest of `@Auth` and
 * `@Public` wins, the method's before the class's.
 *
 * @throws OptionError `ERR_OPTION_INVALID`, `ERR_OPTION_UNKNOWN`, `ERR_OPTION_DURATION`, while the class is being defined.
 * @example
 * ```ts
 * import { Controller, Delete, Get } from '@nestjs/common';
 * import { AccessTokenClaims, Auth, CurrentUser } from 'nestjs-jwt-rs256';
 *
 * @Controller('orders')
 * @Auth()
 * export class OrdersController {
 *   @Get() mine(@CurrentUser() user: AccessTokenClaims) {
 *     return { ordersOf: user.sub };
 *   }
 *
 *   @Auth({ optional: true }) @Get('hello') hello(@CurrentUser() user?: AccessTokenClaims) {
 *     return { hello: user?.sub ?? 'stranger' };
 *   }
 *
 *   @Auth({ fresh: '5m' }) @Delete() removeAll(@CurrentUser('sub') id: string) {
 *     return { removed: id };
 *   }
 * }
 * ```
 */
export function Auth(options: AuthOptions = {}): ClassDecorator & MethodDecorator {
  return applyDecorators(UseGuards(JwtRs256Guard), SetMetadata(ROUTE_ACCESS, readAuthOptions(options)));
}
