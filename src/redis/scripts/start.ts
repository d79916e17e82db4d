import { script } from './script.js';

/**
 * KEYS: session, index of its owner. ARGV: deadline, sid, hash, idle ms, total ms, details.
 *
 * The index first: a session that it does not name would be one that ending all misses.
 */
export const START = script(`
local sid, current, idle, total, details = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
if redis.call('EXISTS', KEYS[1]) == 1 then return { clock, 'ok' } end
redis.call('ZADD', KEYS[2], int(now + total), sid)
if redis.call('PTTL', KEYS[2]) < total then redis.call('PEXPIRE', KEYS[2], int(total)) end
local value = '1|' .. current .. '||0|' .. int(now) .. '|' .. int(now) .. '|' .. int(now + total) .. '|' .. details
redis.call('SET', KEYS[1], value, 'PX', int(math.min(idle, total)))
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', int(now))
return { clock, 'ok' }
`);
