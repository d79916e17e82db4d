import { Inject, Injectable } from '@nestjs/common';
import { authenticationOf } from '../auth/principal.js';
import { TokenClaimError, TokenMissingError } from '../errors/token-errors.js';
import { TokenVerifier, type RequestVerifier } from '../tokens/token-verifier.js';

/** Whose access token a request came with. The principal may be anything that `validate` made of it. */
export interface RequestSubject {
  readonly sub: string;
  readonly sid: string | undefined;
  readonly principal: unknown;
}

/** Finds out on whose behalf a guarded request is. */
@Injectable()
export class RequestSubjects {
  constructor(@Inject(TokenVerifier) private readonly verifier: RequestVerifier) {}

  /**
   * @throws TokenMissingError where no guard of this library has let the request through: a test replaced it, say.
   * @throws TokenClaimError where the token is about nobody.
   */
  async of(request: object): Promise<RequestSubject> {
    const authentication = authenticationOf(request);
    if (!authentication) throw new TokenMissingError();
    // The guard has verified it already, so this is answered from the cache.
    const { sub, sid } = await this.verifier.verify(authentication.token);
    if (sub !== undefined) return { sub, sid, principal: authentication.principal };
    throw new TokenClaimError({ claim: 'sub', message: 'The access token has no subject' });
  }
}
