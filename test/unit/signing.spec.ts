import 'reflect-metadata';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Controller, Get, Inject } from '@nestjs/common';
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { JwtRs256ExceptionFilter, SignerBusyError, TokenIssuer, TokenService } from '../../src/index.js';
import { Signer } from '../../src/keys/signer.js';
import { SigningKey } from '../../src/keys/signing-key.js';
import { SigningSlots } from '../../src/keys/signing-slots.js';
import { TestClock } from '../../src/testing/index.js';
import type { TokenIssuerOptions } from '../../src/tokens/token-issuer.js';
import { closeApps, startApp } from '../support/app.js';
import { verificationKeyOf } from '../support/changing-keys.js';
import { keyPairOf } from '../support/keys.js';
import { AUDIENCE, ISSUER, ownKid, ownPublicKey } from '../support/mint.js';
import { PLATFORMS } from '../support/platforms.js';
import { SignatureWatch } from '../support/signature-watch.js';

/** What SigningKey hands to libuv at a time. */
const AT_A_TIME = 64;

const times = (count: number) => Array.from({ length: count }, (_, index) => index);
const octetsOf = (index: number) => Buffer.from(`message ${index}`);

const aliceKey = () => new SigningKey(createPrivateKey(keyPairOf('alice').privateKey));

/** A key that OpenSSL lets sign with SHA-512 only, so that SHA-256 fails in the thread pool. */
const unwillingKey: KeyObject = generateKeyPairSync('rsa-pss', {
  modulusLength: 2048,
  hashAlgorithm: 'sha512',
  mgf1HashAlgorithm: 'sha512',
}).privateKey;

describe('Signatures of one key', () => {
  const watches: SignatureWatch[] = [];
  const watch = () => {
    const one = new SignatureWatch();
    watches.push(one);
    return one;
  };
  afterEach(() => {
    for (const one of watches.splice(0)) one.stop();
  });

  it('are handed to the thread pool at most 64 at a time, and all are made', async () => {
    const [key, seen] = [aliceKey(), watch()];
    const signatures = await Promise.all(times(300).map((index) => key.sign(octetsOf(index))));
    const verificationKey = verificationKeyOf('alice');
    for (const [index, signature] of signatures.entries()) {
      expect(verificationKey.verify(octetsOf(index), signature)).toBe(true);
    }
    expect([seen.total, seen.most, seen.pending]).toEqual([300, AT_A_TIME, 0]);
  });

  it('are handed over at once as long as there is room', async () => {
    const [key, seen] = [aliceKey(), watch()];
    const signatures = times(AT_A_TIME + 10).map((index) => key.sign(octetsOf(index)));
    expect(seen.pending).toBe(AT_A_TIME);
    await Promise.all(signatures);
    const next = key.sign(octetsOf(0));
    expect(seen.pending).toBe(1);
    await next;
  });

  it('are handed over in the order in which they were asked for', async () => {
    const key = aliceKey();
    const finished: number[] = [];
    await Promise.all(
      times(300).map(async (index) => key.sign(octetsOf(index)).then(() => finished.push(index))),
    );
    // Those that are under way may overtake one another; none of those that wait may.
    for (const [done, index] of finished.entries()) expect(index).toBeLessThan(done + AT_A_TIME);
  });

  it('that are asked for while others are under way count as much', async () => {
    const [key, seen] = [aliceKey(), watch()];
    const ask = async (index: number): Promise<void> => {
      await key.sign(octetsOf(index));
      if (index < AT_A_TIME) await ask(index + AT_A_TIME);
    };
    await Promise.all(times(3 * AT_A_TIME).map(ask));
    expect([seen.total, seen.most, seen.pending]).toEqual([4 * AT_A_TIME, AT_A_TIME, 0]);
  });

  it('free their places when they fail in the thread pool', async () => {
    const [key, seen] = [new SigningKey(unwillingKey, 'unwilling'), watch()];
    const answers = await Promise.allSettled(times(200).map((index) => key.sign(octetsOf(index))));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set(['rejected']));
    expect([seen.total, seen.most]).toEqual([200, AT_A_TIME]);
  });

  it('free their places when they fail before they get there', async () => {
    const key = aliceKey();
    for (const round of times(2)) {
      const answers = await Promise.allSettled(times(100 + round).map(() => key.sign(42 as never)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set(['rejected']));
    }
    await Promise.all(times(100).map((index) => key.sign(octetsOf(index))));
  });

  it('fail alone: those beside a bad one are made', async () => {
    const key = aliceKey();
    const answers = await Promise.allSettled(
      times(200).map((index) => key.sign(index % 3 === 0 ? (42 as never) : octetsOf(index))),
    );
    expect(answers.map(({ status }) => status)).toEqual(
      times(200).map((index) => (index % 3 === 0 ? 'rejected' : 'fulfilled')),
    );
  });
});

/** A signer whose answers a test gives when it likes, as a key service far away would. */
class SlowSigner extends Signer {
  override readonly kid = ownKid;
  override readonly publicKey = ownPublicKey;
  readonly #pending: { resolve(signature: Buffer): void; reject(error: Error): void }[] = [];

  get pending(): number {
    return this.#pending.length;
  }

  override sign(): Promise<Buffer> {
    return new Promise((resolve, reject) => this.#pending.push({ resolve, reject }));
  }

  succeed(): void {
    this.#pending.shift()!.resolve(Buffer.alloc(256));
  }

  fail(): void {
    this.#pending.shift()!.reject(new Error('the key service is down'));
  }
}

describe('A place among the signatures under way', () => {
  it('is there as often as there may be signatures, and comes back once, however often it is given back', () => {
    const slots = new SigningSlots(2);
    const [giveBack] = [slots.take(), slots.take()];
    expect(() => slots.take()).toThrow(SignerBusyError);
    for (const _ of times(3)) giveBack();
    slots.take();
    expect(() => slots.take()).toThrow(SignerBusyError);
  });
});

describe('Tokens that are being issued', () => {
  const ISSUING: TokenIssuerOptions = {
    issuer: ISSUER,
    audience: [AUDIENCE],
    clientId: undefined,
    typ: 'at+jwt',
    accessTokenTtl: 300,
    maxTokenTtl: 86_400,
    notBefore: 0,
    requiredClaims: [],
    maxTokenLength: 8192,
    maxPendingSignatures: 3,
  };

  function bed(maxPendingSignatures = 3) {
    const signer = new SlowSigner();
    return {
      signer,
      issuer: new TokenIssuer({ active: signer }, new TestClock(), { ...ISSUING, maxPendingSignatures }),
    };
  }

  it.each([1, 3, 50])(
    'are at most %i at a time: one more fails at once, and reaches no signer',
    async (most) => {
      const { signer, issuer } = bed(most);
      const first = times(most).map(() => issuer.issue({ sub: 'alice' }));
      await expect(issuer.issue({ sub: 'alice' })).rejects.toBeInstanceOf(SignerBusyError);
      await expect(issuer.issue({ sub: 'alice' })).rejects.toMatchObject({
        code: 'ERR_SIGNER_BUSY',
        fault: 'server',
      });
      expect(signer.pending).toBe(most);
      for (const _ of first) signer.succeed();
      expect(await Promise.all(first)).toHaveLength(most);
    },
  );

  it('give their places back when they are done', async () => {
    const { signer, issuer } = bed();
    const first = times(3).map(() => issuer.issue({ sub: 'alice' }));
    signer.succeed();
    await first[0];
    const fourth = issuer.issue({ sub: 'alice' });
    expect(signer.pending).toBe(3);
    await expect(issuer.issue({ sub: 'alice' })).rejects.toBeInstanceOf(SignerBusyError);
    for (const _ of times(3)) signer.succeed();
    await Promise.all([...first, fourth]);
  });

  it('give their places back when their signature fails, and the failure is not taken for ERR_SIGNER_BUSY', async () => {
    const { signer, issuer } = bed();
    for (const _ of times(3)) {
      const answers = Promise.allSettled(times(3).map(() => issuer.issue({ sub: 'alice' })));
      for (const __ of times(3)) signer.fail();
      for (const answer of await answers) {
        expect(answer).toEqual({ status: 'rejected', reason: new Error('the key service is down') });
      }
    }
    expect(signer.pending).toBe(0);
  });

  it('take no place while what they are asked to hold is refused', async () => {
    const { signer, issuer } = bed(1);
    for (const _ of times(5)) {
      await expect(issuer.issue({ sub: '' })).rejects.toMatchObject({ code: 'ERR_OPTION_CLAIM' });
      await expect(issuer.issue({}, { ttl: '3600' })).rejects.toMatchObject({ code: 'ERR_OPTION_DURATION' });
      await expect(issuer.issue({ big: 'x'.repeat(9000) })).rejects.toMatchObject({
        code: 'ERR_OPTION_CLAIM',
      });
    }
    const good = issuer.issue({ sub: 'alice' });
    signer.succeed();
    await good;
  });

  it('have a message that says nothing about whom they are for', async () => {
    const { issuer } = bed(1);
    void issuer.issue({ sub: 'alice' });
    await expect(issuer.issue({ sub: 'alice' })).rejects.toThrow(/^Too many tokens are being issued$/);
  });
});

describe.each(PLATFORMS)('On $name, a service that issues', (platform) => {
  afterEach(closeApps);

  @Controller('login')
  class LoginController {
    constructor(@Inject(TokenService) private readonly tokens: TokenService) {}

    @Get() async login() {
      return { length: (await this.tokens.issue({ sub: 'alice' })).length };
    }

    /** One login, while so many others are under way. */
    @Get('rush') async rush() {
      const others = times(2).map(() => this.tokens.issue({ sub: 'bob' }));
      try {
        return { token: await this.tokens.issue({ sub: 'alice' }) };
      } finally {
        await Promise.all(others);
      }
    }
  }

  it('answers 503 with Retry-After beyond maxPendingSignatures, and issues again afterwards', async () => {
    const app = await startApp(platform, {
      controllers: [LoginController],
      options: { maxPendingSignatures: 2 },
    });
    for (const _ of times(2)) {
      const { status, body, headers, challenge } = await app.get('/login/rush');
      expect(status).toBe(503);
      expect(body).toEqual({
        statusCode: 503,
        error: 'temporarily_unavailable',
        message: 'Too many tokens are being issued',
        errorCode: 'ERR_SIGNER_BUSY',
      });
      expect(headers['retry-after']).toBe('1');
      expect(challenge).toBeUndefined();
      expect((await app.get('/login')).status).toBe(200);
    }
    expect(app.nest.get(JwtRs256ExceptionFilter, { strict: false })).toBeDefined();
  });

  it('issues 2,000 at once by default, and not one more', async () => {
    const app = await startApp(platform, { controllers: [LoginController] });
    const answers = Promise.allSettled(times(2001).map(() => app.tokens.issue({ sub: 'alice' })));
    const refused = (await answers).filter(({ status }) => status === 'rejected');
    expect(refused).toEqual([{ status: 'rejected', reason: expect.any(SignerBusyError) }]);
  });

  it.each([0, -1, 1.5, NaN, Infinity, '2000', true])(
    'does not boot with maxPendingSignatures: %p',
    async (most) => {
      const options = { maxPendingSignatures: most as never };
      await expect(startApp(platform, { controllers: [LoginController], options })).rejects.toMatchObject({
        code: 'ERR_OPTION_INVALID',
        message: expect.stringContaining('maxPendingSignatures'),
      });
    },
  );
});
