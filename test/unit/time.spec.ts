import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { OptionError } from '../../src/errors/developer-errors.js';
import { TestClock } from '../../src/testing/index.js';
import { SystemClock } from '../../src/time/clock.js';
import { toSeconds } from '../../src/time/duration.js';

describe('a duration', () => {
  it.each([
    [0, 0],
    [1, 1],
    [0.5, 0.5],
    [3600, 3600],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ['0s', 0],
    ['90s', 90],
    ['15m', 900],
    ['12h', 43_200],
    ['7d', 604_800],
    ['1.5h', 5400],
    ['0.25s', 0.25],
    ['007m', 420],
    ['999999999s', 999_999_999],
  ])('%j is %d seconds', (duration, seconds) => {
    expect(toSeconds(duration, 'accessTokenTtl')).toBe(seconds);
  });

  it.each(['0', '60', '3600', '1.5'])(
    'is refused as the text "%s", without a unit, with both ways to say it',
    (text) => {
      expect(() => toSeconds(text, 'accessTokenTtl')).toThrow(
        expect.objectContaining({
          code: 'ERR_OPTION_DURATION',
          fault: 'developer',
          message: `accessTokenTtl is "${text}", a text without a unit. Say accessTokenTtl: ${text} (seconds) or accessTokenTtl: '${text}s'.`,
        }),
      );
    },
  );

  it.each([
    undefined,
    null,
    true,
    -1,
    -0.001,
    NaN,
    Infinity,
    -Infinity,
    10n,
    '',
    ' ',
    's',
    'm15',
    '-5m',
    '+5m',
    '5 m',
    ' 5m',
    '5m ',
    '5m\n',
    '5M',
    '5H',
    '5ms',
    '5min',
    '5w',
    '5y',
    '1h30m',
    '1e3s',
    '1_000s',
    '.5h',
    '5.h',
    '5,5h',
    '0x10s',
    '٥m',
    'NaNs',
    'Infinitys',
    '1234567890s',
    '1.2345s',
    'P1D',
    'forever',
    [],
    ['5m'],
    [300],
    {},
    { seconds: 5 },
    new Date(0),
    Object(300),
    Object('5m'),
    () => 300,
    Symbol('5m'),
    { valueOf: () => 300, toString: () => '5m' },
  ] as unknown[])('is refused as %p, with the units that there are', (duration) => {
    expect(() => toSeconds(duration, 'clockTolerance')).toThrow(OptionError);
    expect(() => toSeconds(duration, 'clockTolerance')).toThrow(
      expect.objectContaining({
        code: 'ERR_OPTION_DURATION',
        message: expect.stringMatching(
          /^clockTolerance must be a number of seconds, not negative, .+'90s', '15m', '12h' or '7d'\.$/,
        ),
      }),
    );
  });
});

describe('the clock of a test', () => {
  it('stands still at a fixed moment of 2026 until it is moved', () => {
    const clock = new TestClock();
    expect(new Date(clock.now() * 1000).getUTCFullYear()).toBe(2026);
    expect([clock.now(), clock.monotonic()]).toEqual([new TestClock().now(), 0]);
    expect(new TestClock(1_700_000_000.5).now()).toBe(1_700_000_000.5);
  });

  it('moves both its times, by fractions too', () => {
    const clock = new TestClock(1000);
    clock.advance(90);
    clock.advance(0.5);
    expect([clock.now(), clock.monotonic()]).toEqual([1090.5, 90_500]);
    clock.advance(0);
    expect([clock.now(), clock.monotonic()]).toEqual([1090.5, 90_500]);
  });

  it('adds up: many small moves come to exactly one large one', () => {
    const clock = new TestClock(0);
    const calls: number[] = [];
    clock.setTimeout(() => calls.push(clock.monotonic()), 1000);
    for (let tenth = 0; tenth < 10; tenth++) clock.advance(0.1);
    expect([clock.now(), clock.monotonic(), calls]).toEqual([1, 1000, [1000]]);
    clock.advance(Math.PI);
    clock.advance(5 - clock.now());
    expect(clock.now()).toBe(5);
  });

  it('can be set, back too, without the monotonic time and the timers noticing', () => {
    const clock = new TestClock(1000);
    const calls: number[] = [];
    clock.setTimeout(() => calls.push(clock.now()), 5000);
    clock.advance(4);
    clock.setNow(500);
    expect([clock.now(), clock.monotonic(), calls]).toEqual([500, 4000, []]);
    clock.advance(1);
    expect([clock.now(), clock.monotonic(), calls]).toEqual([501, 5000, [501]]);
  });

  it('runs a timer when it is due, once, and not before', () => {
    const clock = new TestClock();
    const callback = jest.fn();
    clock.setTimeout(callback, 2000);
    clock.advance(1.5);
    expect(callback).not.toHaveBeenCalled();
    clock.advance(0.5);
    expect(callback).toHaveBeenCalledTimes(1);
    clock.advance(100);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  it('runs timers in the order in which they are due, each at its own time, those of one time as they were set', () => {
    const clock = new TestClock(0);
    const calls: string[] = [];
    for (const [name, ms] of [
      ['c', 3000],
      ['a', 1000],
      ['b1', 2000],
      ['b2', 2000],
    ] as const) {
      clock.setTimeout(() => calls.push(`${name} at ${clock.now()}`), ms);
    }
    clock.advance(10);
    expect(calls).toEqual(['a at 1', 'b1 at 2', 'b2 at 2', 'c at 3']);
    expect(clock.now()).toBe(10);
  });

  it('runs a timer that a timer sets, within the same move', () => {
    const clock = new TestClock(0);
    const calls: number[] = [];
    const tick = (): void => {
      calls.push(clock.now());
      clock.setTimeout(tick, 1000);
    };
    clock.setTimeout(tick, 1000);
    clock.advance(3.5);
    expect(calls).toEqual([1, 2, 3]);
  });

  it('forgets a timer that is cleared, also by another timer, and does not mind what is no timer', () => {
    const clock = new TestClock();
    const callback = jest.fn();
    const timer = clock.setTimeout(callback, 2000);
    clock.setTimeout(() => clock.clearTimeout(timer), 1000);
    clock.clearTimeout(clock.setTimeout(callback, 500));
    clock.clearTimeout(undefined);
    clock.advance(10);
    expect(callback).not.toHaveBeenCalled();
  });
});

describe('the clock of the machine', () => {
  const clock = new SystemClock();

  it('tells Unix seconds, with a fraction, and milliseconds that never step back', () => {
    const before = Date.now() / 1000;
    const now = clock.now();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now() / 1000);
    let last = clock.monotonic();
    for (let reading = 0; reading < 1000; reading += 1) {
      const next = clock.monotonic();
      expect(next).toBeGreaterThanOrEqual(last);
      last = next;
    }
  });

  it('sets timers that keep no process alive', () => {
    const alive = () => process.getActiveResourcesInfo().filter((type) => type === 'Timeout').length;
    const before = alive();
    const timer = clock.setTimeout(() => undefined, 60_000);
    expect(alive()).toBe(before);
    clock.clearTimeout(timer);
  });

  describe('with its timers', () => {
    beforeEach(() => void jest.useFakeTimers());
    afterEach(() => void jest.useRealTimers());

    it('calls back once, after the time, and not when cleared', () => {
      const [kept, cleared] = [jest.fn(), jest.fn()];
      clock.setTimeout(kept, 1000);
      clock.clearTimeout(clock.setTimeout(cleared, 1000));
      clock.clearTimeout(undefined);
      jest.advanceTimersByTime(999);
      expect(kept).not.toHaveBeenCalled();
      jest.advanceTimersByTime(5000);
      expect(kept).toHaveBeenCalledTimes(1);
      expect(cleared).not.toHaveBeenCalled();
    });

    it('waits for more than the 24.8 days after which a timer of Node would fire at once', () => {
      const day = 86_400_000;
      const [kept, cleared, never] = [jest.fn(), jest.fn(), jest.fn()];
      clock.setTimeout(kept, 60 * day);
      const timer = clock.setTimeout(cleared, 60 * day);
      clock.setTimeout(never, Infinity);
      jest.advanceTimersByTime(60 * day - 1);
      expect([kept, cleared].map((callback) => callback.mock.calls.length)).toEqual([0, 0]);
      clock.clearTimeout(timer);
      jest.advanceTimersByTime(1);
      expect([kept, cleared, never].map((callback) => callback.mock.calls.length)).toEqual([1, 0, 0]);
    });
  });
});
