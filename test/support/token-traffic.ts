import type { TestApp } from './app.js';
import type { TestIssuer } from './issuer.js';
import type { ServiceClock } from './service-clock.js';

/** A token that somebody has. */
interface HeldToken {
  readonly text: string;
  readonly kid: string;
  /** Its claim `exp`. */
  readonly until: number;
}

/** A token that was refused although it had not expired. */
export interface Refusal {
  readonly verifier: string;
  readonly kid: string;
  readonly errorCode: string;
}

/** In seconds. Tokens of 5 minutes are presented four times to everybody. */
const STEP = 75;

/**
 * Steady use of the tokens of an issuer that runs in several instances: at each step each of them issues one, and all
 * that have not expired are presented, at once, to each instance and to a service elsewhere.
 */
export class TokenTraffic {
  readonly refusals: Refusal[] = [];
  /** Of the tokens that were issued, in their order. */
  readonly kids = new Set<string>();
  presented = 0;
  readonly #verifiers: readonly (readonly [string, TestApp])[];
  #held: HeldToken[] = [];

  constructor(
    private readonly clock: ServiceClock,
    private readonly instances: readonly TestIssuer[],
    service: TestApp,
  ) {
    const named = instances.map((app, index) => [`instance ${index + 1}`, app] as const);
    this.#verifiers = [...named, ['service', service]];
  }

  /** Goes on for so many seconds. */
  async run(seconds: number): Promise<void> {
    const end = this.clock.now() + seconds;
    for (await this.step(); this.clock.now() < end; await this.step()) {
      await this.clock.pass(Math.min(STEP, end - this.clock.now()));
      // They look at the folder every second; this waits for it.
      await Promise.all(this.instances.map(({ ring }) => ring.reload()));
    }
  }

  async step(): Promise<void> {
    const texts = await Promise.all(this.instances.map((app) => app.login()));
    this.#held = [...this.#held, ...texts.map(read)].filter(({ until }) => this.clock.now() < until);
    for (const { kid } of this.#held) this.kids.add(kid);
    await Promise.all(
      this.#verifiers.flatMap(([verifier, app]) =>
        this.#held.map((token) => this.#present(token, verifier, app)),
      ),
    );
  }

  async #present({ text, kid }: HeldToken, verifier: string, app: TestApp): Promise<void> {
    const { status, body } = await app.get('/me', `Bearer ${text}`);
    this.presented++;
    if (status !== 200) this.refusals.push({ verifier, kid, errorCode: body.errorCode });
  }
}

function read(text: string): HeldToken {
  const [{ kid }, { exp }] = text
    .split('.', 2)
    .map((part) => JSON.parse(Buffer.from(part, 'base64url').toString())) as [
    { kid: string },
    { exp: number },
  ];
  return { text, kid, until: exp };
}
