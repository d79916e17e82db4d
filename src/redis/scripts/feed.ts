import { REPORT, script } from './script.js';

/** KEYS: feed. ARGV: deadline, retention ms, jti. */
export const REVOKE = script(
  REPORT,
  `
report(KEYS[1], 'jti:' .. ARGV[3], tonumber(ARGV[2]))
return { clock, 'ok' }
`,
);

/** Entries in one answer, at most. */
const MOST_ENTRIES = 1000;

/**
 * KEYS: feed. ARGV: deadline, the entry to go on after. The answer: the entry to go on after next time, whether there is
 * more, then number and text of each.
 *
 * Redis numbers the entries of a stream by its clock, upwards always. Where the one that we are at is not there, the
 * stream is another: data was lost, such as by a failover, and what came since may be numbered by a clock that is behind
 * ours. So it is read from the beginning. It may have been trimmed instead, which costs a reading, and no more.
 */
export const FEED = script(`
local from = ARGV[2]
if #redis.call('XRANGE', KEYS[1], from, from) == 0 then from = '0-0' end
local entries = redis.call('XRANGE', KEYS[1], '(' .. from, '+', 'COUNT', ${MOST_ENTRIES})
local answer = { clock, 'ok', from, #entries == ${MOST_ENTRIES} and 1 or 0 }
for _, entry in ipairs(entries) do
  answer[3] = entry[1]
  answer[#answer + 1] = entry[1]
  answer[#answer + 1] = entry[2][2]
end
return answer
`);
