import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Controller, Get } from '@nestjs/common';
import { Auth, CurrentUser, JwtRs256Error, type AccessTokenClaims } from '../../src/index.js';
import { decodeUnverified } from '../../src/tokens/decode-unverified.js';
import { closeApps, startApp, type TestApp } from '../support/app.js';
import type { HeaderLines, HttpAnswer } from '../support/http-client.js';
import { HOSTILE_TOKENS, type HostileToken } from '../support/hostile-tokens.js';
import { tokenOfRawBlock } from '../support/hostile/signature.js';
import { LEGAL_TOKENS } from '../support/legal-tokens.js';
import { AUDIENCE, ISSUER, verifierWith } from '../support/mint.js';
import { PLATFORMS } from '../support/platforms.js';

// RSA and hundreds of requests take their time on a machine that has much else to do.
jest.setTimeout(60_000);

const hostile = HOSTILE_TOKENS.flatMap(({ tokens }) => tokens);
const legal = LEGAL_TOKENS.filter(({ options }) => options === undefined);

/** What a message says of its own accord: what the service expects. */
const EXPECTATIONS = /\b(RS256|at\+jwt)\b/g;

/** So many characters in a row of the token, or a text of its header or claims, that the message has. */
function leaksOf(message: string, token: unknown, size = 8): string[] {
  if (typeof token !== 'string') return [];
  const said = message.replace(EXPECTATIONS, '');
  const windows = Array.from({ length: Math.max(0, said.length - size + 1) }, (_, at) =>
    said.slice(at, at + size),
  );
  const start = token.slice(0, 10_000);
  return [
    ...windows.filter((window) => start.includes(window)),
    ...textsOf(start).filter((text) => said.includes(text)),
  ];
}

/** The text values in the segments that are JSON. */
function textsOf(token: string): string[] {
  const texts: string[] = [];
  for (const segment of token.split('.', 3)) {
    try {
      JSON.parse(Buffer.from(segment, 'base64url').toString(), (_, value: unknown) => {
        if (typeof value === 'string' && value.length > 4) texts.push(value);
      });
    } catch {
      // Not JSON: its characters are looked for all the same.
    }
  }
  return texts;
}

async function refusalOf(verify: () => Promise<unknown>): Promise<JwtRs256Error> {
  const outcome = await verify().then(
    () => new Error('it was accepted'),
    (error: unknown) => error,
  );
  if (outcome instanceof JwtRs256Error) return outcome;
  throw outcome;
}

describe('the corpus of hostile tokens', () => {
  it('has more than 300 tokens, under different names, and no text twice', () => {
    const texts = hostile.map(({ token }) => token).filter((token) => typeof token === 'string');
    expect(hostile.length).toBeGreaterThan(300);
    expect(new Set(hostile.map(({ name }) => name)).size).toBe(hostile.length);
    expect(new Set(texts).size).toBe(texts.length);
  });

  it('makes its blocks right: one without a fault verifies', async () => {
    await expect(verifierWith().verify(tokenOfRawBlock())).resolves.toMatchObject({ aud: AUDIENCE });
  });

  it('has a control of more than 40 legal tokens', () => {
    expect(LEGAL_TOKENS.length).toBeGreaterThan(40);
    expect(new Set(LEGAL_TOKENS.map(({ name }) => name)).size).toBe(LEGAL_TOKENS.length);
  });
});

describe.each(HOSTILE_TOKENS)('TokenVerifier refuses a token that is hostile by $title', ({ tokens }) => {
  const verifier = verifierWith();
  const byName = new Map(tokens.map((token) => [token.name, token]));

  beforeAll(async () => {
    // What was verified is remembered: the hostile tokens come after good ones, twice.
    for (const { token } of legal) for (let time = 0; time < 2; time++) await verifier.verify(token);
  });

  it.each([...byName.keys()])('%s', async (name) => {
    const { token, code } = byName.get(name)!;
    for (let time = 0; time < 2; time++) {
      const error = await refusalOf(() => verifier.verify(token as string));
      expect({ code: error.code, fault: error.fault }).toEqual({ code, fault: 'caller' });
      expect(leaksOf(JSON.stringify([error.message, error]), token)).toEqual([]);
    }
  });
});

describe('TokenVerifier accepts a legal token', () => {
  it.each(LEGAL_TOKENS)('$name', async ({ token, options }) => {
    const verifier = verifierWith(options);
    const { claims } = decodeUnverified(token, 20_000);
    for (let time = 0; time < 2; time++) await expect(verifier.verify(token)).resolves.toEqual(claims);
    expect({}).not.toHaveProperty('admin');
  });
});

describe('decodeUnverified', () => {
  it('takes a hostile token apart or refuses it with ERR_TOKEN_MALFORMED, and nothing else', () => {
    const codes = new Set(
      hostile.map(({ token }) => {
        try {
          return typeof decodeUnverified(token as string, 8192).claims;
        } catch (error) {
          return (error as { code?: string }).code ?? String(error);
        }
      }),
    );
    expect(codes).toEqual(new Set(['object', 'ERR_TOKEN_MALFORMED']));
  });
});

const INDEX = 'x-corpus-index';

/** One route reads the Authorization header; the other gets any value there is, of whatever type, from a hook. */
@Controller()
class GuardedController {
  @Auth()
  @Get('header')
  header(@CurrentUser() user: AccessTokenClaims) {
    return { reached: true, user };
  }

  @Auth({ jwtFromRequest: (request: any) => hostile[Number(request.headers[INDEX])]!.token as string })
  @Get('hook')
  hook() {
    return { reached: true };
  }
}

/** What is sent for a hostile token, and the code that it must be answered with. */
interface Attempt {
  readonly path: '/header' | '/hook';
  readonly headers: HeaderLines;
  readonly code: string;
}

/** RFC 9110 §11.2: what our reader of the header takes for a token at all. */
const TOKEN68 = /^[A-Za-z0-9\-._~+/]+=*$/;

/** Through the header what a header can carry, else through the hook; undefined for what neither can bring. */
function attemptOf({ token, code }: HostileToken, index: number): Attempt | undefined {
  if (typeof token === 'string' && isHeaderText(token)) {
    const octets = Buffer.from(token).toString('latin1');
    const answered = TOKEN68.test(token) ? code : 'ERR_CREDENTIALS_MALFORMED';
    return { path: '/header', headers: [['Authorization', `Bearer ${octets}`]], code: answered };
  }
  if (!isItselfWhenAwaited(token)) return undefined;
  // Nothing, in whatever form, is no credentials at all.
  return { path: '/hook', headers: [[INDEX, String(index)]], code: token ? code : 'ERR_TOKEN_MISSING' };
}

/** Not what node:http would refuse to send, the server to read, or either of them trim. */
function isHeaderText(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- the control characters are the point
  return text.length <= 12_000 && text.trim() === text && !/[\0-\x08\x0a-\x1f\x7f]/.test(text);
}

/** Whether a hook that returns it returns just it: what is awaited must not be a promise, or bite. */
function isItselfWhenAwaited(value: unknown): boolean {
  try {
    return typeof (value as { then?: unknown } | null | undefined)?.then !== 'function';
  } catch {
    return false;
  }
}

/** What is wrong with an answer to a hostile token; nothing, if all is well. */
function faultsOf({ status, body, challenge = '' }: HttpAnswer, token: unknown, code: string): string[] {
  const isMissing = code === 'ERR_TOKEN_MISSING';
  const isMalformed = code === 'ERR_CREDENTIALS_MALFORMED';
  const error = isMissing ? 'Unauthorized' : isMalformed ? 'invalid_request' : 'invalid_token';
  const parameters = isMissing ? '' : `, error="${error}", error_description="${body.message}"`;
  const checks: Record<string, boolean> = {
    [`status ${status}`]: status === (isMalformed ? 400 : 401) && body.statusCode === status,
    [`code ${body.errorCode}, not ${code}`]: body.errorCode === code,
    [`body ${JSON.stringify(body)}`]:
      Object.keys(body).toSorted().join() === 'error,errorCode,message,statusCode' && body.error === error,
    [`challenge ${challenge}`]: challenge === `Bearer realm="orders"${parameters}`,
    [`unsafe challenge ${challenge}`]: /^[\x20-\x7e]*$/.test(challenge) && !challenge.includes('\\'),
    [`leak ${body.message}`]: leaksOf(body.message, token).length === 0,
  };
  return Object.keys(checks).filter((check) => !checks[check]);
}

describe.each(PLATFORMS)('a guarded route on $name', (platform) => {
  let app: TestApp;

  beforeAll(async () => {
    const options = { issuer: ISSUER, audience: AUDIENCE };
    app = await startApp(platform, { controllers: [GuardedController], options });
    app.log.clear();
  });

  afterAll(closeApps);

  it.each(legal)('lets a legal token through: $name', async ({ token }) => {
    const answer = await app.get('/header', `Bearer ${token}`);
    expect(answer).toMatchObject({ status: 200, body: { reached: true } });
  });

  it.each(HOSTILE_TOKENS)(
    'refuses every token that is hostile by $title, and says why in RFC 6750',
    async ({ tokens }) => {
      const waiting = tokens.flatMap((one) => {
        const attempt = attemptOf(one, hostile.indexOf(one));
        return attempt ? [{ ...one, attempt }] : [];
      });
      const answered: { name: string; faults: string[] }[] = [];
      const ask = async () => {
        for (let next = waiting.pop(); next; next = waiting.pop()) {
          const { path, headers, code } = next.attempt;
          answered.push({
            name: next.name,
            faults: faultsOf(await app.send(path, { headers }), next.token, code),
          });
        }
      };
      await Promise.all(Array.from({ length: 16 }, ask));
      expect(answered.length).toBeGreaterThan(tokens.length * 0.9);
      expect(answered.filter(({ faults }) => faults.length > 0)).toEqual([]);
    },
  );

  it('logs a reason for each, and no part of any', () => {
    const said = new Set<string>();
    JSON.stringify(
      app.log.lines.map(({ message, details }) => [message, details]),
      (_, value: unknown) => (typeof value === 'string' ? said.add(value) && value : value),
    );
    const log = [...said].join('\n');
    expect(app.log.own('debug').length).toBeGreaterThan(hostile.length * 0.9);
    expect(hostile.filter(({ token }) => leaksOf(log, token, 16).length > 0)).toEqual([]);
  });
});
