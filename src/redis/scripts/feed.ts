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
 * Redis numbers the entries of a stream by its clock, upwards always. If the last is before where we are, then the stream
 * is another: all data may have been lost. So it is read from the beginning; so it is when there is none, for the next
 * one may be numbered by a clock that was set back.
 */
export const FEED = script(`
local function number(id)
  local ms, sequence = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(sequence)
end
local from = ARGV[2]
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
if not last then return { clock, 'ok', '0-0', 0 } end
local lastMs, lastSequence = number(last[1])
local fromMs, fromSequence = number(from)
if lastMs < fromMs or (lastMs == fromMs and lastSequence < fromSequence) then from = '0-0' end
local entries = redis.call('XRANGE', KEYS[1], '(' .. from, '+', 'COUNT', ${MOST_ENTRIES})
local answer = { clock, 'ok', from, #entries == ${MOST_ENTRIES} and 1 or 0 }
for _, entry in ipairs(entries) do
  answer[3] = entry[1]
  answer[#answer + 1] = entry[1]
  answer[#answer + 1] = entry[2][2]
end
return answer
`);
