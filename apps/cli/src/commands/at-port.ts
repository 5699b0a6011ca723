import { CommandError } from '../exit.js';

/** What `start` gives; a port that something else has is said in words. */
export async function atPort<T>(port: number, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new CommandError(`port ${port} is in use: stop what listens there, or give another --port`);
  }
}
