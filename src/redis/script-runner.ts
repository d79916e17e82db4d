import { StoreUnavailableError } from '../errors/session-errors.js';
import type { Clock } from '../time/clock.js';
import { CircuitBreaker } from './circuit-breaker.js';
import { isErrorReply, type EvalScript } from './redis-client.js';
import type { Script } from './scripts/script.js';
import { ServerTime } from './server-time.js';

/** One run of a script. */
export interface Run {
  readonly script: Script;
  /** All in one slot of a cluster. */
  readonly keys: readonly string[];
  readonly args: readonly (string | number)[];
  /** Which part of a cluster the keys are in; each may have a clock of its own. */
  readonly shard: string;
}

/** What a script answered. */
export interface Answer {
  /** Milliseconds, by the clock of Redis. */
  readonly now: number;
  readonly status: string;
  readonly values: readonly string[];
}

/** The first does not know the clock of Redis yet, the second may find it was set. More there is no reason for. */
const MOST_TRIES = 3;

/** Runs scripts on Redis, with a deadline that both sides keep, and not at all while Redis does not answer. */
export class ScriptRunner {
  readonly #eval: EvalScript;
  readonly #deadline: number;
  readonly #clock: Clock;
  readonly #breaker: CircuitBreaker;
  readonly #times = new Map<string, ServerTime>();

  /** @param deadline - milliseconds. */
  constructor(evalScript: EvalScript, deadline: number, clock: Clock) {
    this.#eval = evalScript;
    this.#deadline = deadline;
    this.#clock = clock;
    this.#breaker = new CircuitBreaker(clock);
  }

  /** @throws StoreUnavailableError; then the script has done nothing, or an answer got lost. It will do nothing later. */
  async run(run: Run): Promise<Answer> {
    if (!this.#breaker.mayPass()) throw new StoreUnavailableError('The session store does not answer');
    try {
      const answer = await this.#inTime(run);
      this.#breaker.succeeded();
      return answer;
    } catch (cause) {
      if (isErrorReply(cause)) this.#breaker.succeeded();
      else this.#breaker.failed();
      throw new StoreUnavailableError(undefined, { cause });
    }
  }

  #inTime(run: Run): Promise<Answer> {
    const giveUp = this.#clock.monotonic() + this.#deadline;
    return new Promise((resolve, reject) => {
      const refuse = () => reject(new Error(`Redis did not answer within ${this.#deadline} ms`));
      // An answer that lies in the socket because this process was busy is read first.
      const timer = this.#clock.setTimeout(() => setImmediate(refuse), this.#deadline);
      this.#try(run, giveUp)
        .then(resolve, reject)
        .finally(() => this.#clock.clearTimeout(timer));
    });
  }

  async #try(run: Run, giveUp: number): Promise<Answer> {
    const time = this.#timeOf(run.shard);
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const sent = this.#clock.monotonic();
      if (sent >= giveUp) break;
      const deadline = Math.floor(time.at(giveUp) * 1000);
      const reply = await this.#eval(run.script, run.keys, [deadline, ...run.args].map(String));
      const answer = read(reply);
      time.learn(answer.now, sent, this.#clock.monotonic());
      if (answer.status !== 'late') return answer;
    }
    throw new Error('Redis got to the command too late, and did nothing');
  }

  #timeOf(shard: string): ServerTime {
    let time = this.#times.get(shard);
    if (!time) this.#times.set(shard, (time = new ServerTime()));
    return time;
  }
}

function read(reply: unknown): Answer {
  if (!Array.isArray(reply)) throw new Error('The client returned what the script did not answer');
  // Some clients can be set to return Buffers, and numbers as text.
  const [micros, status, ...values] = reply.map(String);
  const now = Number(micros) / 1000;
  // A deadline is reckoned from it, so it is not believed whatever it is.
  if (!(now > 0 && Number.isFinite(now)))
    throw new Error('The client returned what the script did not answer');
  return { now, status: status ?? '', values };
}
