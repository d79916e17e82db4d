import { describeMachine } from '../run/machine.js';
import type { DatedResult, Results, Target } from '../run/result.js';
import { digits, rangeOf } from '../run/table.js';
import { GUARD } from '../suites/guard.js';
import { BITS_ISSUE, BITS_VERIFY, KEYS_NEW, KEYS_SEEN, LENGTH_NEW, LENGTH_SEEN } from '../suites/growth.js';
import { cpuOf, shareOf, throughputOf } from '../suites/http.js';
import { ISSUE, STALL, THREADS } from '../suites/issue.js';
import { LOOK_UP } from '../suites/look-up.js';
import { FLOOD, HITS_LRU, HITS_SIEVE } from '../suites/memory.js';
import { OUTAGE } from '../suites/session-outage.js';
import { COMMANDS, REFRESH_MEMORY, REFRESH_REDIS, SESSION_BYTES } from '../suites/session-refresh.js';
import { DELAY, REVOCATION } from '../suites/session-revocation.js';
import { ROTATION_FETCHES, ROTATION_REFUSALS, ROTATION_REQUESTS } from '../suites/rotation.js';
import { IMPORT, LOADED } from '../suites/start.js';
import { NEW_TOKEN, SEEN_TOKEN } from '../suites/verify.js';
import { barChart, lineChart } from './chart.js';
import { crossTable, groupOf, panelOf, tableOf } from './figures.js';
import { markdownTable } from './markdown.js';

/** The parts of the page that are numbers, by the name of their place in it. */
export function sectionsOf(results: Results): Record<string, string> {
  const group = (name: string) => groupOf(results, name);
  return {
    machine: machines(Object.values(results)),
    targets: targets(Object.values(results).flatMap((result) => result.targets)),
    new: tableOf(group(NEW_TOKEN), 'verify a new token', 'nestjs-jwt-rs256'),
    seen: tableOf(group(SEEN_TOKEN), 'verify a token seen before', 'nestjs-jwt-rs256'),
    'look-up': tableOf(group(LOOK_UP), 'find a token by its text'),
    guard: tableOf(group(GUARD), 'the guard alone'),
    express: httpTable(results, 'Express'),
    fastify: httpTable(results, 'Fastify'),
    issue: crossTable('issue', {
      '16 in flight': group(ISSUE),
      'longest stall, 1,000 at once': group(STALL),
    }),
    threads: tableOf(group(THREADS), 'UV_THREADPOOL_SIZE'),
    bits: crossTable('key', {
      'verify a new token': group(BITS_VERIFY),
      'issue, 16 in flight': group(BITS_ISSUE),
    }),
    keys: crossTable('verification keys', { 'new token': group(KEYS_NEW), 'seen before': group(KEYS_SEEN) }),
    length: crossTable('token', { 'new token': group(LENGTH_NEW), 'seen before': group(LENGTH_SEEN) }),
    flood: tableOf(group(FLOOD), 'after a flood of'),
    hits: crossTable('steady requests', { SIEVE: group(HITS_SIEVE), 'a plain LRU': group(HITS_LRU) }),
    'sessions-memory': tableOf(group(REFRESH_MEMORY), 'a refresh, in memory', 'a signature'),
    'sessions-redis': tableOf(group(REFRESH_REDIS), 'a refresh, in Redis', 'a signature and a round trip'),
    'sessions-commands': tableOf([...group(COMMANDS), ...group(SESSION_BYTES)], 'Redis'),
    'sessions-delay': tableOf(group(DELAY), 'until another process refuses what has ended'),
    'sessions-guard': tableOf(group(REVOCATION), 'the guard alone'),
    'sessions-outage': tableOf(group(OUTAGE), 'p99 of a route without sessions', 'before'),
    rotation: crossTable('verifier', {
      requests: group(ROTATION_REQUESTS),
      'unexpired tokens refused': group(ROTATION_REFUSALS),
      'fetches of the JWK Set': group(ROTATION_FETCHES),
    }),
    start: [tableOf(group(IMPORT), 'import'), tableOf(group(LOADED), 'files loaded')].join('\n\n'),
  };
}

/** The pictures, by the name of their file. */
export function picturesOf(results: Results): Record<string, string> {
  const group = (name: string) => groupOf(results, name);
  const hits = group(HITS_SIEVE);
  return {
    'guarded-route.svg': barChart('A guarded route', [
      panelOf('Throughput of a guarded route, the open route is 100 %: Express', group(shareOf('Express'))),
      panelOf('The same on Fastify', group(shareOf('Fastify'))),
    ]),
    'verify.svg': barChart('Verifying', [
      panelOf('Verify a new token, microseconds of CPU', group(NEW_TOKEN)),
      panelOf('Verify a token seen before, microseconds of CPU', group(SEEN_TOKEN)),
    ]),
    'issue.svg': barChart('Issuing', [
      panelOf('Tokens issued per second, 16 in flight', group(ISSUE)),
      panelOf('Longest stall of the event loop while 1,000 log in at once', group(STALL)),
    ]),
    'hit-rate.svg': lineChart(
      'How often 100 tokens in steady use are found while others flood the cache',
      'requests with steady tokens among all',
      hits.map(({ variant }) => variant),
      [
        { label: 'SIEVE (ours)', values: hits.map(({ median }) => median), isOurs: true },
        { label: 'a plain LRU', values: group(HITS_LRU).map(({ median }) => median), isOurs: false },
      ],
    ),
  };
}

function machines(results: readonly DatedResult[]): string {
  const lines = results.map(
    ({ date, machine, quick }) =>
      `${describeMachine(machine)}; ${date}${quick ? ' (**--quick**: not to be believed)' : ''}.`,
  );
  return [...new Set(lines)].join('\n\n');
}

function targets(all: readonly Target[]): string {
  return markdownTable(
    ['promise', 'wanted', 'measured', 'half of the rounds', ''],
    all.map((target) => [
      target.text,
      `${target.sense} ${target.limit} ${target.unit}`,
      `${digits(target.median)} ${target.unit}`,
      rangeOf(target),
      target.met ? 'ok' : '**missed**',
    ]),
  );
}

function httpTable(results: Results, platform: 'Express' | 'Fastify'): string {
  return crossTable(platform, {
    requests: groupOf(results, throughputOf(platform)),
    'of the open route': groupOf(results, shareOf(platform)),
    'server CPU per request': groupOf(results, cpuOf(platform)),
  });
}
