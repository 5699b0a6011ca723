import { fileURLToPath, pathToFileURL } from 'node:url';
import { cpuSeconds } from '../../bench/lib/processes.mjs';

const FILE = pathToFileURL(fileURLToPath(new URL('probe.mjs', import.meta.url)));

/** Environment of a server that answers the questions of {@link Probed}. */
export const PROBE = { NODE_OPTIONS: `--import=${FILE}` };

/** A server process that was started with the environment {@link PROBE} and an IPC channel. */
export class Probed {
  #child;

  constructor(child) {
    this.#child = child;
  }

  get pid() {
    return this.#child.pid;
  }

  /** Resolves with `process.memoryUsage()` of the server after a garbage collection. */
  memory() {
    return this.#ask('memory');
  }

  /** Begins to record the processor time. */
  profile() {
    return this.#ask('profile');
  }

  /** Ends the record, and writes it as a file for Chrome's developer tools. */
  saveProfile(file) {
    return this.#ask('saveProfile', file);
  }

  /** Returns the processor time in seconds, or undefined if the system does not provide it. */
  cpuSeconds() {
    return cpuSeconds(this.#child);
  }

  #ask(probe, argument) {
    const child = this.#child;
    return new Promise((resolve, reject) => {
      const stop = () => {
        child.off('message', hear);
        child.off('exit', ended);
      };
      const hear = ({ probed, result }) => {
        if (probed !== probe) return;
        stop();
        resolve(result);
      };
      const ended = (code) => {
        stop();
        reject(new Error(`the server ended with ${code}`));
      };
      child.on('message', hear);
      child.on('exit', ended);
      child.send({ probe, argument });
    });
  }
}
