import {
  BadRequestException,
  Body,
  Controller,
  Header,
  HttpCode,
  HttpStatus,
  Inject,
  Post,
  Res,
  UnauthorizedException,
} from '@nestjs/common';
import { TokenService } from 'nestjs-jwt-rs256';
import type { ServerResponse } from 'node:http';
import { isPasswordOf } from './users.js';

const ACCESS_TOKEN_TTL = 300;

/** A successful answer of RFC 6749 §5.1. */
interface TokenResponse {
  access_token: string;
  token_type: 'Bearer';
  expires_in: number;
}

/** Gives a token for a password. A real one limits how often a password may be guessed. */
@Controller('auth')
export class AuthController {
  constructor(@Inject(TokenService) private readonly tokens: TokenService) {}

  @Post()
  @HttpCode(HttpStatus.OK)
  @Header('Cache-Control', 'no-store')
  async login(
    @Body() body: unknown,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<TokenResponse> {
    const { username, password } = readCredentials(body);
    if (!(await isPasswordOf(username, password))) {
      // A 401 says how to do better (RFC 9110 §15.5.2).
      response.setHeader('WWW-Authenticate', 'Bearer');
      throw new UnauthorizedException('Wrong username or password', { description: 'invalid_grant' });
    }
    const accessToken = await this.tokens.issue({ sub: username }, { ttl: ACCESS_TOKEN_TTL });
    return { access_token: accessToken, token_type: 'Bearer', expires_in: ACCESS_TOKEN_TTL };
  }
}

/** The body is whatever somebody sent: anything but two texts is their mistake, and never our 500. */
function readCredentials(body: unknown): { username: string; password: string } {
  const { username, password } = Object(body) as Record<string, unknown>;
  if (typeof username === 'string' && typeof password === 'string') return { username, password };
  throw new BadRequestException('Send JSON: {"username": "...", "password": "..."}', {
    description: 'invalid_request',
  });
}
