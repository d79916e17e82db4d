import { READ_SESSION, script } from './script.js';

/** KEYS: index of the owner. The answer has the sids; those of sessions that are over may be among them. */
export const LIST = script(`
local answer = { clock, 'ok' }
for _, sid in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do answer[#answer + 1] = sid end
return answer
`);

/** KEYS: session of each. The answer has four values for each, as FIELDS_OF says. */
export const READ = script(
  READ_SESSION,
  `
local answer = { clock, 'ok' }
for _, key in ipairs(KEYS) do fieldsOf(read(key), answer) end
return answer
`,
);

/** KEYS: index of the owner. ARGV: deadline, then sids of which there is no session: the index forgets them. */
export const FORGET = script(`
redis.call('ZREM', KEYS[1], unpack(ARGV, 2))
return { clock, 'ok' }
`);
