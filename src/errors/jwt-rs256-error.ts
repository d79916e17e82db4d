/**
 * Who has to act on an error: the `caller` sent something unacceptable, the `server` (or something that it
 * depends on) is down, or the `developer` configured or called the library wrongly.
 */
export type Fault = 'caller' | 'server' | 'developer';

/**
 * The base of every error that this library throws.
 *
 * `message` is a sentence that may be shown to the caller when `fault` is `'caller'` or `'server'`; it never holds
 * a token, a key or a claim's value. Test `code`, not the class, where two copies of the package may be loaded.
 *
 * @example
 * ```ts
 * import { JwtRs256Error, type TokenService } from 'nestjs-jwt-rs256';
 *
 * export async function subjectOf(tokens: TokenService, token: string): Promise<string | undefined> {
 *   try {
 *     return (await tokens.verify(token)).sub;
 *   } catch (error) {
 *     if (error instanceof JwtRs256Error && error.code === 'ERR_TOKEN_EXPIRED') return undefined;
 *     throw error;
 *   }
 * }
 * ```
 */
export abstract class JwtRs256Error extends Error {
  /** A stable literal, such as `'ERR_TOKEN_EXPIRED'`. */
  abstract readonly code: string;
  /** Who has to act. */
  abstract readonly fault: Fault;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}
