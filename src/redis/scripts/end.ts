import { READ_SESSION, REPORT, script } from './script.js';

/**
 * KEYS: feed, index of the owner, then session, blob 0 and blob 1 of each. ARGV: deadline, retention ms, then each sid.
 * The answer has four values for each. A key with something else in it ends like a session.
 */
export const END = script(
  READ_SESSION,
  REPORT,
  `
local answer = { clock, 'ok' }
for at = 3, #ARGV do
  local key = 3 * (at - 2)
  local session = read(KEYS[key])
  if session ~= nil then
    redis.call('DEL', KEYS[key + 1], KEYS[key + 2])
    report(KEYS[1], 'sid:' .. ARGV[at], tonumber(ARGV[2]))
    redis.call('DEL', KEYS[key])
  end
  redis.call('ZREM', KEYS[2], ARGV[at])
  fieldsOf(session, answer)
end
return answer
`,
);
