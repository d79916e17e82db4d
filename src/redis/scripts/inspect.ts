import { script } from './script.js';

/** KEYS: any, for the way through a cluster. The answer: maxmemory-policy and version, empty where Redis does not say. */
export const INSPECT = script(`
local function info(section, name)
  local text = redis.pcall('INFO', section)
  return type(text) == 'string' and string.match(text, name .. ':([^\\r\\n]+)') or ''
end
return { clock, 'ok', info('memory', 'maxmemory_policy'), info('server', 'redis_version') }
`);
