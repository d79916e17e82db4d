import { createHash } from 'node:crypto';

/** A Lua script, which Redis runs as one step: nothing else happens between its commands. */
export interface Script {
  readonly text: string;
  /** The name by which Redis remembers it (EVALSHA). Not for security. */
  readonly sha1: string;
}

/**
 * Begins every script: `now` in milliseconds, and nothing done when the deadline, in microseconds, is over. A stopped
 * Redis executes what waits in its sockets when it wakes up, and a client sends its queue when it is connected again:
 * by then whoever asked has been told that nothing was done.
 */
const PRELUDE = `
local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2]
local clock = string.format('%.0f', micros)
if not (micros < tonumber(ARGV[1])) then return { clock, 'late' } end
local now = math.floor(micros / 1000)
local function int(number) return string.format('%.0f', number) end
`;

/**
 * Begins the scripts that read a session. It is one text in one key, so that one command writes it, whole or not at
 * all: the hashes of the current and the previous token, which of the two blobs belongs to the latter, the times in
 * milliseconds, and the details, which no script looks into. `read` returns false for a key with something else in it.
 *
 * `fieldsOf` appends started, refreshed, over and details; four empty texts where there is no session, 'broken' and
 * three empty ones where there is something else.
 */
export const READ_SESSION = `
local function read(key)
  local value = redis.pcall('GET', key)
  if not value then return nil end
  if type(value) ~= 'string' then return false end
  local current, previous, slot, started, refreshed, over, details =
    string.match(value, '^1|([^|]+)|([^|]*)|([01])|(%d+)|(%d+)|(%d+)|(.*)$')
  if not current then return false end
  return { current = current, previous = previous, slot = tonumber(slot), started = started, refreshed = refreshed,
    over = over, details = details }
end
local function fieldsOf(session, answer)
  if session == false then session = { started = 'broken' } end
  for _, field in ipairs({ 'started', 'refreshed', 'over', 'details' }) do
    answer[#answer + 1] = session and session[field] or ''
  end
end
`;

/**
 * Begins the scripts that put an identifier on the list of what ended. They do so before the session goes: fails this,
 * it is not over; fails what follows, the access tokens are refused already, and the same can be asked again.
 *
 * Where a DEL of what is of no more use comes before it, it is for a Redis that is out of memory: that refuses commands
 * that need some, but not in the middle of a script. So sessions go on and end there; only new ones are refused.
 */
export const REPORT = `
local function report(feed, id, retention)
  if retention <= 0 then return end
  redis.call('XADD', feed, 'MINID', '~', int(now - retention), '*', 'id', id)
  if redis.call('PTTL', feed) < retention then redis.call('PEXPIRE', feed, int(retention)) end
end
`;

/** @param parts - Lua text, after the prelude. The first argument of every script is its deadline. */
export function script(...parts: readonly string[]): Script {
  const text = [PRELUDE, ...parts].join('');
  return { text, sha1: createHash('sha1').update(text).digest('hex') };
}
