import {
  HttpException,
  Inject,
  Injectable,
  InternalServerErrorException,
  Logger,
  type OnModuleInit,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { JwtRs256Exception } from '../auth/jwt-rs256.exception.js';
import { JwtRs256Strategy } from '../auth/jwt-rs256.strategy.js';
import type { OriginRequest } from '../auth/origin-policy.js';
import { OptionError } from '../errors/developer-errors.js';
import { JwtRs256Error } from '../errors/jwt-rs256-error.js';
import { ENDPOINT_OPTIONS, type ResolvedEndpointOptions } from './resolve-endpoint-options.js';
import { NOT_TO_BE_STORED } from './unread-bodies.js';

/** What all endpoints have in common: who may ask, what becomes of an error, and that nobody stores the answer. */
@Injectable()
export class EndpointAnswers implements OnModuleInit {
  private readonly logger = new Logger('JwtRs256');

  constructor(
    @Inject(ENDPOINT_OPTIONS) private readonly options: ResolvedEndpointOptions,
    @Inject(JwtRs256Strategy) private readonly strategy: JwtRs256Strategy,
    @Inject(HttpAdapterHost) private readonly adapterHost: HttpAdapterHost,
  ) {}

  /** @throws OptionError in cookie mode on a Nest that has no cookie functions. There is no adapter before now. */
  onModuleInit(): void {
    const { httpAdapter } = this.adapterHost;
    if (!this.options.cookie || !httpAdapter) return;
    if (typeof httpAdapter.setCookie === 'function' && typeof httpAdapter.clearCookie === 'function') return;
    throw new OptionError(
      'ERR_OPTION_INVALID',
      'TokenEndpointsModule: the option cookie needs @nestjs/core 12.1 or newer, whose HTTP adapter can set cookies. Update ' +
        'Nest, or leave the option out: the refresh token is then in the body.',
    );
  }

  /** Does the work of an endpoint. Whatever it throws becomes an answer with its headers. */
  async answer<T>(request: OriginRequest, response: object, work: () => Promise<T>): Promise<T> {
    this.setHeaders(response, NOT_TO_BE_STORED);
    try {
      this.options.origins?.assertNotCrossSite(request);
      return await work();
    } catch (error) {
      const failure = this.failureOf(error);
      if (failure instanceof JwtRs256Exception) this.setHeaders(response, failure.headers);
      throw failure;
    }
  }

  private failureOf(error: unknown): HttpException {
    if (error instanceof HttpException || error instanceof JwtRs256Error)
      return this.strategy.refusalOf(error);
    this.logger.error('A hook of TokenEndpointsModule failed', framesOf(error));
    return new InternalServerErrorException(undefined, { cause: error });
  }

  private setHeaders(response: object, headers: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(headers))
      this.adapterHost.httpAdapter.setHeader(response, name, value);
  }
}

const FRAME = /^ {4}at .*$/gm;
const CODE = /^[A-Z][A-Z0-9_]{1,40}$/;

/** Where a hook failed. Its message stays out of the log, for it may quote the password that the hook was given. */
function framesOf(error: unknown): string {
  if (!(error instanceof Error)) return `It threw something that is not an Error (${typeof error})`;
  const { code } = error as { code?: unknown };
  const name = typeof code === 'string' && CODE.test(code) ? `${error.name} ${code}` : error.name;
  return [name, ...(error.stack?.match(FRAME) ?? [])].join('\n');
}
