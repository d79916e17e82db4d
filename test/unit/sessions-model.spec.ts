import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { RefreshToken } from '../../src/sessions/refresh-token.js';
import type { SessionPolicy } from '../../src/sessions/session-policy.js';
import { TestClock } from '../../src/testing/index.js';
import { makeSessions, TestIssuer, type SessionBed } from '../support/sessions.js';

/** What is expected of a session, in the plainest words: every token that it ever had, and when the last was spent. */
interface ModelSession {
  readonly sub: string;
  readonly sid: string;
  readonly startedAt: number;
  /** The last one is current. */
  readonly tokens: string[];
  refreshedAt: number;
  isEnded: boolean;
}

interface Model {
  readonly policy: Pick<SessionPolicy, 'refreshTokenTtl' | 'sessionTtl' | 'reuseInterval'>;
  readonly sessions: ModelSession[];
  now: number;
  /** Of each kind of event. */
  readonly events: Record<string, number>;
}

type Command = fc.AsyncCommand<Model, SessionBed>;

const SUBS = ['alice', 'bob', 'carol'];
/** Just before, at and after each of the lengths below. In eighths, which add up without rounding. */
const STEPS = [0.125, 1, 4.875, 5, 9.875, 10, 10.125, 50, 99.875, 100];

function isAlive(model: Model, session: ModelSession): boolean {
  const { refreshTokenTtl, sessionTtl } = model.policy;
  if (session.isEnded) return false;
  return model.now < session.refreshedAt + refreshTokenTtl && model.now < session.startedAt + sessionTtl;
}

function count(model: Model, type: string): void {
  model.events[type] = (model.events[type] ?? 0) + 1;
}

function end(model: Model, session: ModelSession): void {
  session.isEnded = true;
  count(model, 'ended');
}

/** What presenting a token must lead to, told from the history alone. */
function judge(
  model: Model,
  session: ModelSession,
  token: string,
): 'refreshed' | 'repeated' | 'reused' | 'invalid' {
  const { tokens, refreshedAt } = session;
  if (!isAlive(model, session)) return 'invalid';
  const generation = tokens.indexOf(token);
  if (generation === tokens.length - 1) return 'refreshed';
  const isPredecessor = generation >= 0 && generation === tokens.length - 2;
  return isPredecessor && model.now < refreshedAt + model.policy.reuseInterval ? 'repeated' : 'reused';
}

class Start implements Command {
  constructor(private readonly sub: string) {}
  readonly check = () => true;
  readonly toString = () => `start(${this.sub})`;

  async run(model: Model, { sessions }: SessionBed): Promise<void> {
    const { refresh_token } = await sessions.start({ sub: this.sub });
    const { sid } = RefreshToken.parse(refresh_token);
    const times = { startedAt: model.now, refreshedAt: model.now };
    model.sessions.push({ sub: this.sub, sid, ...times, tokens: [refresh_token], isEnded: false });
    count(model, 'started');
  }
}

/** Presents a token of a session: 0 the current one, 1 its predecessor and so on; -1 a forged one. */
class Present implements Command {
  constructor(
    private readonly which: number,
    private readonly back: number,
    private readonly times: number,
  ) {}
  readonly check = ({ sessions }: Readonly<Model>) => sessions.length > 0;
  readonly toString = () => `present(${this.which}, ${this.back} back, ${this.times} at once)`;

  async run(model: Model, { sessions }: SessionBed): Promise<void> {
    const session = model.sessions[this.which % model.sessions.length]!;
    const token = this.tokenOf(session);
    const answers = await Promise.allSettled(
      Array.from({ length: this.times }, () => sessions.refresh(token)),
    );
    // In the order in which they were asked, which for this store is the order in which they are done.
    for (const answer of answers) {
      const expected = judge(model, session, token);
      if (expected === 'refreshed' || expected === 'repeated') {
        if (answer.status === 'rejected') throw answer.reason;
        const { refresh_token } = answer.value;
        if (expected === 'repeated') expect(refresh_token).toBe(session.tokens.at(-1));
        else {
          expect(session.tokens).not.toContain(refresh_token);
          session.tokens.push(refresh_token);
          session.refreshedAt = model.now;
        }
        count(model, expected);
        continue;
      }
      const code = expected === 'reused' ? 'ERR_REFRESH_TOKEN_REUSED' : 'ERR_REFRESH_TOKEN_INVALID';
      expect(answer).toMatchObject({ status: 'rejected', reason: { code } });
      if (expected === 'reused') {
        count(model, 'reused');
        end(model, session);
      }
    }
  }

  private tokenOf({ tokens }: ModelSession): string {
    const token = tokens[Math.max(0, tokens.length - 1 - Math.max(0, this.back))]!;
    return this.back >= 0 ? token : `${token.slice(0, 44)}${RefreshToken.first('').text.slice(44)}`;
  }
}

class PresentUnknown implements Command {
  constructor(private readonly token: unknown) {}
  readonly check = () => true;
  readonly toString = () => `present(${typeof this.token})`;

  async run(_: Model, { sessions }: SessionBed): Promise<void> {
    await expect(sessions.refresh(this.token)).rejects.toMatchObject({ code: 'ERR_REFRESH_TOKEN_INVALID' });
  }
}

class End implements Command {
  constructor(
    private readonly which: number,
    private readonly how: 'sid' | 'token',
  ) {}
  readonly check = ({ sessions }: Readonly<Model>) => sessions.length > 0;
  readonly toString = () => `end(${this.which}, by ${this.how})`;

  async run(model: Model, { sessions }: SessionBed): Promise<void> {
    const session = model.sessions[this.which % model.sessions.length]!;
    const wasAlive = isAlive(model, session);
    const ended =
      this.how === 'sid' ? sessions.end(session.sid) : sessions.endByRefreshToken(session.tokens[0]);
    expect(await ended).toBe(wasAlive);
    if (wasAlive) end(model, session);
  }
}

class EndAll implements Command {
  constructor(
    private readonly sub: string,
    private readonly except: number | undefined,
  ) {}
  readonly check = ({ sessions }: Readonly<Model>) => sessions.length > 0;
  readonly toString = () => `endAll(${this.sub}, except ${this.except})`;

  async run(model: Model, { sessions }: SessionBed): Promise<void> {
    const except =
      this.except === undefined ? undefined : model.sessions[this.except % model.sessions.length]!.sid;
    const found = model.sessions.filter(
      (one) => one.sub === this.sub && one.sid !== except && isAlive(model, one),
    );
    expect(await sessions.endAll(this.sub, except === undefined ? {} : { except })).toBe(found.length);
    for (const session of found) end(model, session);
  }
}

class Pass implements Command {
  constructor(private readonly seconds: number) {}
  readonly check = () => true;
  readonly toString = () => `pass(${this.seconds} s)`;

  async run(model: Model, { clock }: SessionBed): Promise<void> {
    clock.advance(this.seconds);
    model.now = clock.now();
  }
}

/** Everything that can be seen from outside, compared with the model. */
class Compare implements Command {
  readonly check = () => true;
  readonly toString = () => 'compare';

  async run(model: Model, { sessions, events, ended }: SessionBed): Promise<void> {
    for (const sub of SUBS) {
      const alive = model.sessions.filter((session) => session.sub === sub && isAlive(model, session));
      const listed = (await sessions.list(sub)).map(({ sid, started, refreshed }) => [
        sid,
        started,
        refreshed,
      ]);
      const expected = alive.map(({ sid, startedAt, refreshedAt }) => [sid, startedAt, refreshedAt]);
      expect(listed.sort()).toEqual(expected.sort());
    }
    for (const { sid, isEnded } of model.sessions) {
      const isRevoked = await Promise.resolve({ sid })
        .then((claims) => ended.assertNotRevoked(claims))
        .then(
          () => false,
          () => true,
        );
      expect([sid, isRevoked]).toEqual([sid, isEnded]);
    }
    const raised: Record<string, number> = {};
    for (const { type } of events) raised[type] = (raised[type] ?? 0) + 1;
    expect(raised).toEqual(model.events);
  }
}

const which = fc.nat({ max: 20 });
const commands = fc.commands(
  [
    fc.constantFrom(...SUBS).map((sub) => new Start(sub)),
    // Mostly what honest clients do, or no session would live long.
    fc.tuple(which, fc.constant(0), fc.constantFrom(1, 1, 1, 2, 5)).map((args) => new Present(...args)),
    fc.tuple(which, fc.constant(0), fc.constant(1)).map((args) => new Present(...args)),
    fc
      .tuple(which, fc.constantFrom(1, 1, 1, 2, 3, -1), fc.constantFrom(1, 2))
      .map((args) => new Present(...args)),
    fc.oneof(fc.anything(), fc.string()).map((token) => new PresentUnknown(token)),
    fc.tuple(which, fc.constantFrom('sid' as const, 'token' as const)).map((args) => new End(...args)),
    fc
      .tuple(fc.constantFrom(...SUBS), fc.option(which, { nil: undefined }))
      .map((args) => new EndAll(...args)),
    fc.constantFrom(...STEPS).map((seconds) => new Pass(seconds)),
    fc.constant(new Compare()),
  ],
  { size: '+1', maxCommands: 80 },
);

/** Its tokens say nothing: a signature takes longer than all the rest, and is not what this is about. */
const issuerOf = (clock: TestClock) => new TestIssuer(clock, 1000, () => 'a token');

describe('Sessions behave as the model', () => {
  it.each([0, 5, 10])('in any order of commands, with a reuse interval of %d s', async (reuseInterval) => {
    const policy = { refreshTokenTtl: 100, sessionTtl: 150, reuseInterval };
    await fc.assert(
      fc.asyncProperty(commands, async (list) => {
        await fc.asyncModelRun(() => {
          const clock = new TestClock();
          const bed = makeSessions({
            clock,
            issuer: issuerOf(clock),
            policy: { ...policy, retention: 10_000 },
          });
          return { model: { policy, sessions: [], now: clock.now(), events: {} }, real: bed };
        }, [...list, new Compare()]);
      }),
      { numRuns: 60 },
    );
  });
});
