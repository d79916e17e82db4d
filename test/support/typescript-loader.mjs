// For `node --import`: lets a process that is not jest's run our sources.
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
