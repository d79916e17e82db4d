import { READ_SESSION, REPORT, script } from './script.js';

/**
 * KEYS: session, blob 0, blob 1, feed. ARGV: deadline, sid, presented, successor, sealed, idle ms, reuse ms, retention
 * ms.
 *
 * The two blobs take turns. The new one is written beside the old, then one SET makes both the successor current and
 * the new blob the one that counts, and then the old one goes: after each command, the state is one that is right.
 * Without a reuse interval nobody gets a second answer, so there the SET comes last. See REPORT for the DEL that comes
 * first.
 */
export const ROTATE = script(
  READ_SESSION,
  REPORT,
  `
local sid, presented, successor, sealed = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local idle, reuse, retention = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local session = read(KEYS[1])
if session == nil then return { clock, 'unknown' } end
if session == false then return { clock, 'broken' } end
local left = tonumber(session.over) - now
if left <= 0 then return { clock, 'unknown' } end

local function answer(outcome, refreshed, blob)
  return { clock, outcome, session.started, refreshed, session.over, session.details, blob or '' }
end

if session.current == presented then
  local slot = 1 - session.slot
  local fresh, old = KEYS[2 + slot], KEYS[2 + session.slot]
  redis.call('DEL', fresh)
  if reuse > 0 then redis.call('SET', fresh, sealed, 'PX', int(reuse)) else redis.call('DEL', old) end
  redis.call('SET', KEYS[1], '1|' .. successor .. '|' .. presented .. '|' .. slot .. '|' .. session.started .. '|' ..
    int(now) .. '|' .. session.over .. '|' .. session.details, 'PX', int(math.min(idle, left)))
  if reuse > 0 then redis.call('DEL', old) end
  return answer('rotated', int(now))
end

if session.previous == presented then
  if session.current == successor then return answer('rotated', session.refreshed) end
  local blob = redis.call('GET', KEYS[2 + session.slot])
  if blob then return answer('repeated', session.refreshed, blob) end
end

redis.call('DEL', KEYS[2], KEYS[3])
report(KEYS[4], 'sid:' .. sid, retention)
redis.call('DEL', KEYS[1])
return answer('reused', session.refreshed)
`,
);
