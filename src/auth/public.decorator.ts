import { SetMetadata } from '@nestjs/common';
import { ROUTE_ACCESS, type RouteAccess } from './route-access.js';

const PUBLIC: RouteAccess = { kind: 'public' };

/**
 * Opens a controller or a route that a guard stands before: the token is not read, and there is no principal.
 *
 * @example
 * ```ts
 * import { Controller, Get } from '@nestjs/common';
 * import { Auth, Public } from 'nestjs-jwt-rs256';
 *
 * @Controller('orders')
 * @Auth()
 * export class OrdersController {
 *   @Public() @Get('prices') prices() {
 *     return { apple: 3 };
 *   }
 * }
 * ```
 */
export function Public(): ClassDecorator & MethodDecorator {
  return SetMetadata(ROUTE_ACCESS, PUBLIC);
}
