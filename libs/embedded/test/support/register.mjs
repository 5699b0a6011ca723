/** Lets a child process run TypeScript without a build, as Jest does: `node --import register.mjs script.ts` */
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
