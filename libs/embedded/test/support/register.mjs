/** Lets a child process run our TypeScript as Jest runs it: no build is needed. `node --import register.mjs script.ts` */
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
