import { Inject, Injectable } from '@nestjs/common';
import { authenticationOf } from '../auth/principal.js';
import { TokenClaimError, TokenMissingError } from '../errors/token-errors.js';
import { OwnIssuer } from '../tokens/own-issuer.js';

/** Whose access token a request came with, and of which session. */
export interface RequestSubject {
  readonly sub: string;
  readonly sid: string | undefined;
}

/** Finds out on whose behalf a guarded request is. The principal may be anything that `validate` made of it. */
@Injectable()
export class RequestSubjects {
  constructor(@Inject(OwnIssuer) private readonly own: OwnIssuer) {}

  /**
   * @throws TokenMissingError where no guard of this library has let the request through: a test replaced it, say.
   * @throws TokenClaimError where the token is about nobody, or about somebody that another issuer knows.
   */
  of(request: object): RequestSubject {
    const claims = authenticationOf(request)?.claims;
    if (!claims) throw new TokenMissingError();
    const { sub, sid } = claims;
    if (!this.own.hasIssued(claims))
      throw refuse('iss', 'is another issuer, whose people have no session here');
    if (sub === undefined) throw refuse('sub', 'is missing');
    return { sub, sid };
  }
}

function refuse(claim: string, fault: string): TokenClaimError {
  return new TokenClaimError({ claim, message: `The claim ${claim} of the access token ${fault}` });
}
