import { Catch, Inject, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { JwtRs256Error } from '../errors/jwt-rs256-error.js';
import { JwtRs256Exception } from './jwt-rs256.exception.js';
import { JwtRs256Strategy } from './jwt-rs256.strategy.js';

/**
 * Answers the errors of this library that a handler lets out, as the guard would: an expired token given to
 * `TokenService.verify` is 401, keys that are unavailable are 503. The module registers it. A filter on a route or
 * controller, or one given to `app.useGlobalFilters()`, comes before it and sees the typed error.
 */
@Catch(JwtRs256Error)
export class JwtRs256ExceptionFilter implements ExceptionFilter<JwtRs256Error> {
  private readonly logger = new Logger('JwtRs256');

  constructor(
    @Inject(JwtRs256Strategy) private readonly strategy: JwtRs256Strategy,
    @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
  ) {}

  catch(error: JwtRs256Error, host: ArgumentsHost): void {
    // Nothing returned: Nest answers other contexts in its own way. Thrown from here, it would end the process.
    if (host.getType() !== 'http') return this.logger.error(error.message, { code: error.code });
    const { httpAdapter } = this.adapterHost;
    const response = host.switchToHttp().getResponse<object>();
    const exception = this.strategy.refusalOf(error);
    if (httpAdapter.isHeadersSent(response)) return httpAdapter.end(response);
    const headers = exception instanceof JwtRs256Exception ? exception.headers : {};
    for (const [name, value] of Object.entries(headers)) httpAdapter.setHeader(response, name, value);
    httpAdapter.reply(response, exception.getResponse(), exception.getStatus());
  }
}
