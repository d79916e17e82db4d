import type { JwtRs256ModuleOptions } from 'nestjs-jwt-rs256';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stemOf } from '../fixtures/internals.js';
import { makeKeyPair, type BenchKeyPair } from '../fixtures/key-pair.js';
import { RotationApp } from '../fixtures/rotation-app.js';
import { RotationTraffic, type Fare } from '../fixtures/rotation-traffic.js';
import { AUDIENCE, ISSUER } from '../fixtures/tokens.js';
import { atMost, figure, type Figure, type SuiteResult, type Target } from '../run/result.js';
import { exactly } from '../run/statistics.js';
import type { Suite } from './suite.js';

export const ROTATION_REQUESTS = 'while keys rotate: requests';
export const ROTATION_REFUSALS = 'while keys rotate: unexpired tokens refused';
export const ROTATION_FETCHES = 'while keys rotate: fetches of the JWK Set';

type JwksCacheOptions = NonNullable<JwtRs256ModuleOptions['jwksCache']>;

/** How the service comes to know the next key. Times are in seconds. */
interface Situation {
  readonly name: string;
  readonly jwksCache: JwksCacheOptions;
  /** From the key's publication to its first signature. */
  readonly lead: number;
  readonly rotations: number;
  /** From one publication to the next. */
  readonly every: number;
}

/** Of the tokens. So short that keys retire while it runs. */
const TTL = '15s';

const FULL: readonly Situation[] = [
  {
    name: 'refreshed ahead',
    jwksCache: { maxAge: '2s', staleWhileRevalidate: '2s' },
    lead: 14,
    rotations: 3,
    every: 19,
  },
  { name: 'learnt from the first token', jwksCache: {}, lead: 3, rotations: 3, every: 19 },
];

const QUICK: readonly Situation[] = [
  { name: 'learnt from the first token', jwksCache: {}, lead: 2, rotations: 1, every: 3.2 },
];

/** Keys that rotate under load, in real time: two instances of an issuer on one folder, and a service that has its jwksUri. */
export const rotationSuite: Suite = async ({ quick, progress }) => {
  const figures: Figure[] = [];
  const targets: Target[] = [];
  for (const situation of quick ? QUICK : FULL) {
    progress.step(situation.name);
    const { fares, fetches } = await run(situation, (rotation) =>
      progress.round(situation.name, rotation, situation.rotations),
    );
    for (const [verifier, fare] of Object.entries(fares)) {
      const variant = `${verifier}, ${situation.name}`;
      const refused = exactly(fare.refusals.length);
      figures.push(
        figure(ROTATION_REQUESTS, variant, 'count', exactly(fare.requests)),
        figure(ROTATION_REFUSALS, variant, 'count', refused),
      );
      targets.push(atMost(`unexpired tokens refused while keys rotate: ${variant}`, 0, refused, ''));
      for (const refusal of new Set(fare.refusals)) progress.step(`${variant}: ${refusal}`);
    }
    figures.push(figure(ROTATION_FETCHES, `service, ${situation.name}`, 'count', exactly(fetches)));
  }
  return { figures, targets, notes: notesOf(quick) };
};

/** What became of the requests, and how often the service asked for the set. */
interface Outcome {
  readonly fares: Readonly<Record<string, Fare>>;
  readonly fetches: number;
}

async function run(situation: Situation, onRotation: (rotation: number) => void): Promise<Outcome> {
  const path = await mkdtemp(join(tmpdir(), 'jwt-rs256-rotation-'));
  const apps: RotationApp[] = [];
  try {
    // Beforehand: how long it takes to make one is a matter of luck.
    const [first, ...next] = await Promise.all(
      Array.from({ length: situation.rotations + 1 }, () => makeKeyPair()),
    );
    await publish(path, first!, -60);
    const { instances, service } = await startApps(path, situation.jwksCache, apps);
    const traffic = new RotationTraffic(instances, { 'own route': instances, service: [service] });
    await traffic.during(rotate(path, next, situation, onRotation));
    await traffic.assertHonest();
    const { rotations } = situation;
    if (traffic.kids.size !== rotations + 1)
      throw new Error(`${traffic.kids.size} keys signed; ${rotations + 1} should have`);
    const counts = await Promise.all(instances.map((instance) => instance.fetches()));
    return { fares: traffic.fares, fetches: counts.reduce((sum, count) => sum + count, 0) };
  } finally {
    await Promise.all(apps.map((app) => app.stop()));
    await rm(path, { recursive: true, force: true });
  }
}

/** @param started - gets each application as soon as it has to be stopped. */
async function startApps(keyDirectory: string, jwksCache: JwksCacheOptions, started: RotationApp[]) {
  const start = async (...settings: Parameters<typeof RotationApp.start>): Promise<RotationApp> => {
    const app = await RotationApp.start(...settings);
    started.push(app);
    return app;
  };
  const names = { issuer: ISSUER, audience: AUDIENCE };
  const ttls = { accessTokenTtl: TTL, maxTokenTtl: TTL } as const;
  const issuing = { ...names, ...ttls, keyDirectory, jwksCache, jwks: true };
  const instances = await Promise.all([
    start({ platform: 'Express', options: issuing }),
    start({ platform: 'Fastify', options: issuing }),
  ]);
  const jwksUri = `${instances[0].url}/.well-known/jwks.json`;
  const service = await start({ platform: 'Fastify', options: { ...names, jwksUri } });
  return { instances, service };
}

async function rotate(
  path: string,
  pairs: readonly BenchKeyPair[],
  { lead, every }: Situation,
  onRotation: (rotation: number) => void,
): Promise<void> {
  await sleep(300);
  for (const [index, pair] of pairs.entries()) {
    await publish(path, pair, lead);
    await sleep(every * 1000);
    onRotation(index + 1);
  }
}

/** @param lead - seconds from now to its first signature. */
async function publish(path: string, { privatePem }: BenchKeyPair, lead: number): Promise<void> {
  const file = join(path, `${stemOf(Math.ceil(Date.now() / 1000) + lead)}.pem`);
  await writeFile(`${file}.tmp`, privatePem, { mode: 0o600 });
  await rename(`${file}.tmp`, file);
}

function notesOf(quick: boolean): SuiteResult['notes'] {
  return [
    'Four processes on this machine, one of which is the client: 20 logins a second, and 200 requests a second to either verifier, every other one with a token that was just issued. "Own route" is a guarded route of the two instances of the issuer, in turn: they have one folder of keys and get tokens of each other. The service has the jwksUri of one of them.',
    '"Refreshed ahead": a key is published 14 s before it signs, which is more than the service lets a set grow old. "Learnt from the first token": it is published 3 s before, while the set is fresh for 5 minutes, so that a token with an unknown kid makes the service ask.',
    'Tokens live for 15 s. Forged and expired ones have to be refused at the end, or there is no result.',
    ...(quick ? ['--quick: one rotation, learnt from the first token.'] : []),
  ];
}
