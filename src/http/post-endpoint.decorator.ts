import { applyDecorators, HttpCode, HttpStatus, Post } from '@nestjs/common';
import type { EndpointRoute } from './resolve-routes.js';

/**
 * A route for POST, with the decorators that the application puts onto it. They come first, so that a guard of its own,
 * which counts requests, is asked before ours.
 */
export function PostEndpoint({ path, decorators }: EndpointRoute, status = HttpStatus.OK): MethodDecorator {
  return applyDecorators(...decorators, HttpCode(status), Post(path));
}
