import { CommandError } from '../exit.js';

/** Calls `start` and returns its result. Replaces EADDRINUSE by a CommandError with a cure. */
export async function atPort<T>(port: number, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new CommandError(`port ${port} is in use: stop the program that uses it, or choose another --port`);
  }
}
