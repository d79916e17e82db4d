import type { TokenService, TokenVerifier } from 'nestjs-jwt-rs256';
import type { Contestant } from '../run/rounds.js';

export function ourVerifier(verifier: TokenVerifier): Contestant<string> {
  return { name: 'nestjs-jwt-rs256', run: (token) => verifier.verify(token) };
}

export function ourIssuer(tokens: TokenService): Contestant<string> {
  return { name: 'nestjs-jwt-rs256', run: (subject) => tokens.issue({ sub: subject }) };
}
